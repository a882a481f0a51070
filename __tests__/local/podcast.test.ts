// Podcasts on a local AWS: feeds and episodes come from a real server, transcripts go into a real repository.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { TranscribeSettings } from '../../src/settings/transcribe.js';
import { type GitRemote, startGitRemote } from '../helpers/git-remote.ts';
import { type PodcastHost, startPodcastHost } from '../helpers/podcast-host.ts';
import { audio, type Run, startTranscribeRig, states, type TranscribeRig } from '../helpers/transcribe-on-local-aws.ts';
import { podcastSettings } from '../helpers/transcribe-settings.ts';

const MINUTES = 60_000;
let rig: TranscribeRig;
let host: PodcastHost;
let remote: GitRemote;
/** Whose transcripts are written: each test's own. */
let repository: string;
let count = 0;

beforeAll(async () => {
  [rig, host, remote] = await Promise.all([startTranscribeRig(), startPodcastHost(), startGitRemote()]);
}, 10 * MINUTES);
afterAll(async () => {
  await Promise.all([rig?.stop(), host?.stop(), remote?.stop()]);
}, 2 * MINUTES);

beforeEach(() => {
  repository = `someone/podcast-${count++}`;
});

type Overrides = Partial<Omit<TranscribeSettings, 'podcast'>> & { podcast?: Parameters<typeof podcastSettings>[0] };

/** A run for these feeds, in whatever clone of the repository. */
const transcribe = (
  workspace: string,
  feeds: string[],
  { podcast, ...settings }: Overrides = {},
  run: Omit<Run, 'settings'> = {},
) => {
  Object.assign(process.env, { GITHUB_REPOSITORY: repository, GITHUB_WORKSPACE: workspace });
  return rig.transcribe(workspace, {
    ...run,
    settings: { files: [], podcast: podcastSettings({ feeds, allowPrivateAddresses: true, ...podcast }), ...settings },
  });
};

test(
  'new episodes are downloaded, transcribed and committed; the next run does nothing',
  async () => {
    await remote.seed({});
    const feed = host.publish('sailing', 'How to Sail', [
      { guid: 'two', title: 'The Sea & I: part 2', published: '2026-11-20T10:00:00Z', audio: audio(3) },
      { guid: 'one', title: '海へ', published: '2026-11-13T10:00:00Z', audio: audio(4) },
    ]);
    const settings: Overrides = { publish: 'commit', formats: ['md', 'srt', 'vtt'] };
    const first = await transcribe(await remote.clone(), [feed], settings);
    expect(states(first)).toEqual({
      'podcast://how-to-sail/2026-11-13-海へ': 'transcribed',
      'podcast://how-to-sail/2026-11-20-the-sea-i-part-2': 'transcribed',
    });
    expect(first.published).toBe('commit');
    const clone = await remote.clone();
    expect(await readdir(join(clone, 'transcripts/how-to-sail'))).toEqual([
      '2026-11-13-海へ.md',
      '2026-11-13-海へ.srt',
      '2026-11-13-海へ.vtt',
      '2026-11-20-the-sea-i-part-2.md',
      '2026-11-20-the-sea-i-part-2.srt',
      '2026-11-20-the-sea-i-part-2.vtt',
    ]);
    expect(await readFile(join(clone, 'transcripts/how-to-sail/2026-11-20-the-sea-i-part-2.srt'), 'utf8')).toMatch(
      /^1\n00:00/,
    );

    host.asked();
    let second: Awaited<ReturnType<typeof transcribe>> | undefined;
    const invocations = await rig.invocationsOf(async () => {
      second = await transcribe(clone, [feed], settings);
    });
    expect(invocations).toBe(0);
    expect(host.asked()).toEqual(['/sailing.xml']);
    expect(second && [Object.values(states(second)), second.published]).toEqual([['reused', 'reused'], undefined]);
    expect((await rig.keys()).map((key) => key.split('/')[0])).toEqual(['results', 'results']);
  },
  5 * MINUTES,
);
