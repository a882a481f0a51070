// Podcasts on a local AWS: feeds and episodes come from a real server, transcripts go into a real repository.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { parseFeed } from '../../src/feeds/feed.js';
import type { TranscribeSettings } from '../../src/settings/transcribe.js';
import type { TranscribeResult } from '../../src/transcribe/result.js';
import { type GitRemote, startGitRemote } from '../helpers/git-remote.ts';
import { killedAfter } from '../helpers/killed-after.ts';
import { type PodcastHost, startPodcastHost, type Told } from '../helpers/podcast-host.ts';
import {
  audio,
  BUCKET,
  leapingClock,
  type Run,
  startTranscribeRig,
  states,
  type TranscribeRig,
} from '../helpers/transcribe-on-local-aws.ts';
import { podcastSettings } from '../helpers/transcribe-settings.ts';

const MINUTES = 60_000;
let rig: TranscribeRig;
let host: PodcastHost;
let remote: GitRemote;
/** Whose transcripts are written: each test's own. */
let repository: string;
let count = 0;

beforeAll(async () => {
  [rig, host, remote] = await Promise.all([
    startTranscribeRig({ minInstances: 1, maxConcurrentInvocations: 4, verify: false }),
    startPodcastHost(),
    startGitRemote(),
  ]);
}, 10 * MINUTES);
afterAll(async () => {
  await Promise.all([rig?.stop(), host?.stop(), remote?.stop()]);
}, 2 * MINUTES);
beforeEach(() => {
  repository = `someone/podcast-${count++}`;
});

type Overrides = Partial<Omit<TranscribeSettings, 'podcast'>> & { podcast?: Parameters<typeof podcastSettings>[0] };

/** A run for these feeds, in whatever checkout of the repository. */
const transcribe = (
  workspace: string,
  feeds: string[],
  { podcast, ...settings }: Overrides = {},
  run: Omit<Run, 'settings'> = {},
): Promise<TranscribeResult> => {
  Object.assign(process.env, { GITHUB_REPOSITORY: repository, GITHUB_WORKSPACE: workspace });
  return rig.transcribe(workspace, {
    ...run,
    settings: { files: [], podcast: podcastSettings({ feeds, allowPrivateAddresses: true, ...podcast }), ...settings },
  });
};
const empty = () => rig.workspace({ 'README.md': 'A podcast\n' });
const day = (number: number) => `2026-11-${String(number).padStart(2, '0')}T10:00:00Z`;
/** Of these days, newest first. */
const episodes = (...days: number[]): Told[] =>
  days.map((number) => ({ guid: `${number}`, title: `Part ${number}`, published: day(number), audio: audio() }));
const titles = ({ files }: TranscribeResult) => files.map(({ episode }) => episode?.title);
const requestsFor = async (body: () => Promise<unknown>) =>
  (await rig.requestsOf(body)).map(({ operation, parameters: { Key = '' } }) => `${operation} ${String(Key)}`);

test(
  'new episodes are downloaded, transcribed and committed; the next run does nothing',
  async () => {
    await remote.seed({});
    const told = [
      { guid: 'two', title: 'The Sea & I: part 2', published: day(20), audio: audio(3) },
      { guid: 'one', title: '海へ', published: day(13), audio: audio(4) },
    ];
    const feed = host.publish('sailing', 'How to Sail', told);
    const settings: Overrides = { publish: 'commit', formats: ['md', 'srt', 'vtt'] };
    const first = await transcribe(await remote.clone(), [feed], settings);
    expect(states(first)).toEqual({
      'podcast://how-to-sail/2026-11-13-海へ': 'transcribed',
      'podcast://how-to-sail/2026-11-20-the-sea-i-part-2': 'transcribed',
    });
    expect(first.published).toBe('commit');
    const clone = await remote.clone();
    const name = '2026-11-20-the-sea-i-part-2';
    const other = '2026-11-13-海へ';
    expect(await readdir(join(clone, 'transcripts/how-to-sail'))).toEqual(
      [other, name].flatMap((one) => ['md', 'srt', 'vtt'].map((format) => `${one}.${format}`)),
    );
    const text = (format: string) => readFile(join(clone, 'transcripts/how-to-sail', `${name}.${format}`), 'utf8');
    expect(await text('srt')).toMatch(/^1\n00:00/);
    expect(await text('md')).toContain(`
title: "The Sea & I: part 2"
date: "2026-11-20T10:00:00.000Z"
podcast: "How to Sail"
link: "https://example.com/sailing/two"
audio: "${host.url}/sailing/two.mp3"
guid: "two"
`);

    host.asked();
    let second: TranscribeResult | undefined;
    const requests = await requestsFor(async () => {
      second = await transcribe(clone, [feed], settings);
    });
    expect(requests.filter((request) => !/^(?:Describe|List|GetMetricData)/.test(request))).toEqual([
      expect.stringContaining('GetObject whisper/published/'),
    ]);
    expect(host.asked()).toEqual(['/sailing.xml']);
    expect(second && [Object.values(states(second)), second.published]).toEqual([['reused', 'reused'], undefined]);
    expect((await rig.keys()).map((key) => key.split('/')[0])).toEqual(['results', 'results']);

    // A run that ended before its push is continued from what it has noted.
    host.publish('sailing', 'How to Sail', [...episodes(21), ...told]);
    await transcribe(await remote.clone(), [feed], { ...settings, publish: 'none' });
    host.asked();
    const third = await transcribe(await remote.clone(), [feed], settings);
    expect([third.published, host.asked()]).toEqual(['commit', ['/sailing.xml']]);
    expect(await readdir(join(await remote.clone(), 'transcripts/how-to-sail'))).toContain('2026-11-21-part-21.vtt');
  },
  5 * MINUTES,
);

test(
  'a run takes the newest of what is new, later ones the rest; a renamed episode keeps its files',
  async () => {
    const workspace = await empty();
    const told = episodes(6, 5, 4, 3, 2);
    const feed = host.publish('many', 'Many', told);
    const podcast = { maxEpisodes: 2, titles: ['!*2'] };
    expect(titles(await transcribe(workspace, [feed], { podcast }))).toEqual(['Part 5', 'Part 6']);
    host.publish('many', 'Now called something else', [
      {
        ...episodes(7)[0],
        guid: '7',
        title: 'Part 7',
        more: '<podcast:transcript url="https://x.example/7.vtt" type="text/vtt"/>',
      },
      ...told.map((episode) => (episode.guid === '6' ? { ...episode, title: 'Another name' } : episode)),
    ]);
    const second = await transcribe(workspace, [feed], { podcast, formats: ['md'] });
    expect(states(second)).toEqual({
      'podcast://many/2026-11-03-part-3': 'transcribed',
      'podcast://many/2026-11-04-part-4': 'transcribed',
      'podcast://many/2026-11-05-part-5': 'reused',
      'podcast://many/2026-11-06-part-6': 'reused',
    });
    const renamed = await readFile(join(workspace, 'transcripts/many/2026-11-06-part-6.md'), 'utf8');
    expect(renamed).toContain('title: "Another name"');
    expect(renamed).toContain('podcast: "Now called something else"');
    const include = { ...podcast, transcribed: 'include' as const, since: '2026-11-07' };
    expect(titles(await transcribe(workspace, [feed], { podcast: include }))).toEqual(['Part 7']);
  },
  5 * MINUTES,
);

test(
  'one bad episode or feed stops none of the others; it is tried three times, and then again when asked for',
  async () => {
    const workspace = await empty();
    const told: Told[] = [
      { guid: 'gone', title: 'Gone', published: day(3) },
      { guid: 'page', title: 'A page', published: day(2), audio: Buffer.from('<!doctype html><p>Log in.') },
      { guid: 'refused', title: 'Refused', published: day(2), audio: audio(1, 'fail:400') },
      { guid: 'good', title: 'Good', published: day(1), audio: audio() },
    ];
    const feeds = [`${host.url}/nothing.xml?token=s3cr3t`, host.publish('bad', 'Bad', told)];
    const first = await transcribe(workspace, feeds);
    expect(states(first)).toEqual({
      [`${host.url}/nothing.xml?token=***`]: 'failed',
      'podcast://bad/2026-11-01-good': 'transcribed',
      'podcast://bad/2026-11-02-a-page': 'failed',
      'podcast://bad/2026-11-02-refused': 'failed',
      'podcast://bad/2026-11-03-gone': 'failed',
    });
    const reasons = first.files.map(({ reason = '' }) => reason);
    expect(reasons[0]).toMatch(/404/);
    expect(reasons[2]).toMatch(/HTML page/);
    expect(reasons[4]).toMatch(/404.* The next run tries again\./);
    expect(rig.lines.filter((line) => line.startsWith('error:'))).toHaveLength(4);

    const [, feed = ''] = feeds;
    const failing = async (settings: Overrides = {}) => {
      const { files } = await transcribe(workspace, [feed], settings);
      return files.filter(({ state }) => state === 'failed').map(({ episode }) => episode?.title);
    };
    // What the container refused is refused again, and known to be.
    expect(await failing()).toEqual(['A page', 'Gone']);
    expect(await failing()).toEqual(['A page', 'Gone']);
    host.asked();
    expect(await failing()).toEqual([]);
    expect(host.asked()).toEqual(['/bad.xml']);
    expect(rig.lines.join('\n')).toMatch(/Left out: .*"Gone".*retry-failed: true/);

    const mended = told.map((episode) => ({ ...episode, audio: audio() }));
    host.publish('bad', 'Bad', mended);
    expect(await failing({ retryFailed: true })).toEqual([]);
    expect(titles(await transcribe(workspace, [feed]))).toHaveLength(4);
  },
  5 * MINUTES,
);

test(
  'the same audio in two feeds is transcribed once, also for another repository',
  async () => {
    const same = audio();
    const feeds = ['north', 'south'].map((name) =>
      host.publish(name, 'The same name', [{ guid: name, title: 'One', published: day(1), audio: same }]),
    );
    const invocations = await rig.invocationsOf(async () => {
      expect(states(await transcribe(await empty(), feeds))).toEqual({
        'podcast://the-same-name/2026-11-01-one': expect.any(String),
        'podcast://the-same-name-2/2026-11-01-one': expect.any(String),
      });
      repository = 'another/repository';
      expect(Object.values(states(await transcribe(await empty(), feeds)))).toEqual(['reused', 'reused']);
    });
    expect(invocations).toBe(1);
  },
  5 * MINUTES,
);

test(
  'other options are another transcript when asked for: the audio is downloaded again, into the same files',
  async () => {
    const workspace = await empty();
    const feed = host.publish('redo', 'Redo', episodes(2, 1));
    const run = async (settings: Overrides) => {
      host.asked();
      const invocations = await rig.invocationsOf(() =>
        transcribe(workspace, [feed], { formats: ['json'], ...settings }),
      );
      const names = await readdir(join(workspace, 'transcripts/redo'));
      const texts = await Promise.all(names.map((name) => readFile(join(workspace, 'transcripts/redo', name), 'utf8')));
      return [invocations, host.asked().length - 1, texts.map((text) => JSON.parse(text).language).join()];
    };
    const german = { options: { language: 'de' } };
    expect(await run({})).toEqual([2, 2, 'en,en']);
    expect(await run(german)).toEqual([0, 0, 'en,en']);
    const one = { ...german, redo: 'changed' as const, podcast: { maxEpisodes: 1 } };
    expect(await run(one)).toEqual([1, 1, 'en,de']);
    expect(await run(one)).toEqual([1, 1, 'de,de']);
    expect(await run(one)).toEqual([0, 0, 'de,de']);
  },
  5 * MINUTES,
);

test(
  'nothing of a private feed that lets others in is written anywhere',
  async () => {
    const workspace = await empty();
    const around = { query: '?auth=t0ken', credentials: 'me:passw0rd' };
    const feed = host.publish('members', 'Members', episodes(1, 2), around).replace('http://', 'http://me:passw0rd@');
    const lines: string[] = [];
    const podcast = { publicBaseUrl: 'https://me.example/', feedCopy: 'copy' as const };
    const settings: Overrides = { podcast, formats: ['md', 'html', 'json'] };
    const result = await transcribe(workspace, [feed], settings, { lines });
    expect(Object.values(states(result))).toEqual(['transcribed', 'transcribed']);
    const folder = join(workspace, 'transcripts/members');
    const written = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    const s3 = await rig.clients.s3();
    const keys = (await rig.keys()).concat('published/');
    const { Contents = [] } = await s3.listObjectsV2({ Bucket: BUCKET, Prefix: 'whisper/' });
    const stored = await Promise.all(
      Contents.filter(({ Key = '' }) => !Key.includes('/models/')).map(async ({ Key }) =>
        (await s3.getObject({ Bucket: BUCKET, Key })).Body?.transformToString(),
      ),
    );
    const everything = [...lines, ...written, ...stored, ...keys, JSON.stringify(result.files)].join('\n');
    expect(everything).not.toMatch(/passw0rd|t0ken/);
    expect(written.join('\n')).not.toContain(host.url);
    expect(await readdir(folder)).toContain('transcript-tags.xml');
  },
  5 * MINUTES,
);

test(
  "the tags of a feed's transcripts, to paste or in a copy of the feed, change only with them",
  async () => {
    const workspace = await empty();
    const feed = host.publish('tags', 'Tags & more', episodes(2, 1), { more: '<lastBuildDate>now</lastBuildDate>' });
    const run = (feedCopy: 'tags' | 'copy', publicBaseUrl = 'https://me.example/t/') =>
      transcribe(workspace, [feed], {
        formats: ['vtt', 'podcast', 'html', 'json'],
        podcast: { publicBaseUrl, feedCopy },
      });
    const file = (name: string) => readFile(join(workspace, 'transcripts/tags-more', name), 'utf8');
    await run('tags');
    const tags = await file('transcript-tags.xml');
    const place = 'https://me.example/t/tags-more/2026-11-02-part-2';
    expect(tags).toContain(`<podcast:transcript url="${place}.vtt" type="text/vtt" language="en" rel="captions"/>`);
    expect(tags).toContain(`url="${place}.podcast.json" type="application/json"`);
    expect(tags.match(/<podcast:transcript /g)).toHaveLength(6);

    await run('copy');
    const copy = await file('feed.xml');
    expect(parseFeed(copy, feed).episodes.map(({ transcripts }) => transcripts.map(({ type }) => type))).toEqual([
      ['text/vtt', 'application/json', 'text/html'],
      ['text/vtt', 'application/json', 'text/html'],
    ]);
    host.publish('tags', 'Tags & more', episodes(2, 1), { more: '<lastBuildDate>later</lastBuildDate>' });
    await run('copy');
    expect(await file('feed.xml')).toBe(copy);
  },
  5 * MINUTES,
);

test(
  'what is published to S3 is not brought home again',
  async () => {
    const feed = host.publish('bucket', 'Bucket', episodes(1, 2));
    const run = async (settings: Overrides = {}) => {
      let result: TranscribeResult | undefined;
      const requests = await requestsFor(async () => {
        result = await transcribe(await empty(), [feed], { publish: 's3', ...settings });
      });
      return {
        published: result?.published,
        read: requests.filter((request) => /^GetObject .*results/.test(request)).length,
      };
    };
    expect(await run()).toEqual({ published: 's3', read: 0 });
    expect(await run()).toEqual({ published: undefined, read: 0 });
    expect(await run({ formats: ['txt', 'tsv'] })).toEqual({ published: 's3', read: 2 });
  },
  5 * MINUTES,
);

test(
  'an episode is forgotten by its name, and not brought back by the same run',
  async () => {
    const workspace = await empty();
    const feed = host.publish('forget', 'Forget', episodes(2, 1));
    const before = await rig.keys();
    const podcast = { publicBaseUrl: 'https://me.example/', feedCopy: 'tags' as const };
    await transcribe(workspace, [feed], { podcast });
    const forget = ['podcast://forget/*part-2', '!podcast://forget/*-1'];
    expect(titles(await transcribe(workspace, [feed], { podcast, forget }))).toEqual(['Part 1']);
    const names = await readdir(join(workspace, 'transcripts/forget'));
    expect(names.filter((name) => name.includes('part-2'))).toEqual([]);
    expect(await readFile(join(workspace, 'transcripts/forget/transcript-tags.xml'), 'utf8')).not.toContain('part-2');
    expect((await rig.keys()).filter((key) => !before.includes(key))).toHaveLength(1);

    // One that is under way, too.
    const slow = host.publish('slow', 'Slow', [
      { guid: '1', title: 'One', published: day(1), audio: audio(1, 'sleep:5') },
    ]);
    expect(Object.values(states(await transcribe(workspace, [slow], { wait: false })))).toEqual(['pending']);
    await transcribe(workspace, [], { forget: ['podcast://slow/**'] });
    expect((await rig.keys()).filter((key) => /^(?:episodes|jobs|input)/.test(key))).toEqual([]);
  },
  5 * MINUTES,
);

test(
  'a run that is killed after any of its changes leaves nothing to be sent or published twice, nor anything undone',
  async () => {
    const s3 = await rig.clients.s3();
    const publishedTo = async (folder: string) => {
      const { Contents = [] } = await s3.listObjectsV2({ Bucket: BUCKET, Prefix: `whisper/transcripts/${folder}/` });
      return Contents.map(({ Key = '' }) => Key.replace(/^.*\./, '')).sort();
    };
    const same = audio();
    await transcribe(await rig.workspace({ 'a.mp3': same }), [], { files: ['a.mp3'] });
    // Several at a time: each workspace counts as a repository of its own.
    for (const name of ['GITHUB_REPOSITORY', 'GITHUB_WORKSPACE']) delete process.env[name];
    const dieAfter = async (changes: number) => {
      const told = { guid: 'one', title: 'One', published: day(1), audio: audio() };
      const podcast = podcastSettings({
        feeds: [host.publish(`killed-${changes}`, `Killed ${changes}`, [told])],
        allowPrivateAddresses: true,
      });
      const workspace = await empty();
      const run = async (more: Omit<Run, 'settings'> = {}) => {
        // As in a fresh checkout.
        await rm(join(workspace, 'transcripts'), { recursive: true, force: true });
        return rig.transcribe(workspace, { settings: { files: [], publish: 's3', podcast }, ...more });
      };
      const clients = killedAfter(changes, 'us-east-1');
      await run({ clients }).catch(() => undefined);
      // A claim that nobody has sent runs out.
      const { problem } = await run({ clock: leapingClock(20 * MINUTES) });
      const third = await run();
      expect({ changes, problem, published: await publishedTo(`killed-${changes}`), again: third.files }).toEqual({
        changes,
        problem: undefined,
        published: ['json', 'srt', 'txt', 'vtt'],
        again: [],
      });
      // A record that was left goes when there is something new.
      host.publish(`killed-${changes}`, `Killed ${changes}`, [
        { guid: 'two', title: 'Two', published: day(2), audio: same },
        told,
      ]);
      expect(Object.values(states(await run()))).toEqual(['reused']);
      return !clients.survived();
    };
    const all = Array.from({ length: 14 }, (_, index) => index + 1);
    const died: boolean[] = [];
    host.asked();
    const invocations = await rig.invocationsOf(async () => {
      for (const some of [all.slice(0, 5), all.slice(5, 10), all.slice(10)]) {
        died.push(...(await Promise.all(some.map(dieAfter))));
      }
    });
    expect(invocations).toBe(all.length);
    // Its record, its upload, its claim, the request, the claim again, the result, what is tidied up, the note, the record,
    // four files; the last is the note that they are published.
    expect(died).toEqual([...Array(13).fill(true), false]);
    const asked = host.asked();
    const downloads = all.map((changes) => asked.filter((path) => path === `/killed-${changes}/one.mp3`).length);
    expect(downloads).toEqual([2, ...Array(13).fill(1)]);
    expect((await rig.keys()).filter((key) => /^(?:episodes|jobs|input)/.test(key))).toEqual([]);
  },
  10 * MINUTES,
);
