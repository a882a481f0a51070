import { expect, test } from '@jest/globals';
import type { PublishedFile } from '../../../../src/ledger/published.js';
import { openPlaces } from '../../../../src/transcribe/podcast/places.js';
import { type Candidate, rosterOf } from '../../../../src/transcribe/podcast/roster.js';
import type { Show } from '../../../../src/transcribe/podcast/shows.js';
import { podcastSettings } from '../../../helpers/transcribe-settings.ts';

const showOf = (key: string, title = key): Show => ({
  key,
  feed: { url: `https://example.com/${key}`, title, xml: '', episodes: [], withoutAudio: 0 },
  isPrivate: false,
  episodes: [],
});
const show = showOf('show');

const candidate = (
  key: string,
  more: Partial<Candidate> & { title?: string; transcripts?: string[] } = {},
): Candidate => {
  const { title = key, transcripts = [], ...rest } = more;
  const told = {
    id: key,
    title,
    enclosure: { url: `https://example.com/${key}.mp3` },
    transcripts: transcripts.map((url) => ({ url, type: 'text/vtt' })),
  };
  return { key, told, show, facts: { key, feed: 'show', podcast: 'show', title }, ...rest };
};
const noted = (path: string, audio: string, more: Partial<PublishedFile> = {}): PublishedFile => ({
  ...{ path, audio, key: 'k', look: '', digests: {}, duration: 1, language: 'en', words: 1 },
  episode: { key: path, feed: 'show' },
  ...more,
});
const recorded = (sha256: string, name = 'show/x') => ({
  record: { version: 1 as const, name, audio: { sha256, bytes: 1, contentType: 'audio/mpeg' } },
});
const failed = (times: number) => ({ record: { version: 1 as const, failed: { times, reason: '404' } } });
const roster = (
  candidates: Candidate[],
  podcast: Parameters<typeof podcastSettings>[0] = {},
  more: { retryFailed?: boolean; there?: string[] } = {},
) => {
  const settings = { podcast: podcastSettings(podcast), retryFailed: more.retryFailed ?? false };
  const sorted = rosterOf(candidates, settings, (_, sha256) => (more.there ?? []).includes(sha256));
  const keys = (found: Candidate[]) => found.map(({ key }) => key);
  return {
    known: keys(sorted.known),
    wanted: keys(sorted.wanted),
    later: sorted.later,
    left: keys([...sorted.transcribed, ...sorted.refused, ...sorted.givenUp]),
  };
};

test('the newest of each feed are taken, and what is known does not count', () => {
  const other = showOf('other');
  const candidates = [
    candidate('1'),
    candidate('2', { note: noted('podcast://show/2', 'done') }),
    candidate('3', recorded('sent')),
    candidate('4', recorded('lost')),
    candidate('5'),
    candidate('6', { show: other }),
  ];
  expect(roster(candidates, { maxEpisodes: 2 }, { there: ['done', 'sent'] })).toEqual({
    known: ['2', '3'],
    wanted: ['1', '4', '6'],
    later: 1,
    left: [],
  });
});

test('an episode that has a transcript is left to it, unless it is ours, was begun, or is asked for', () => {
  const candidates = [
    candidate('theirs', { transcripts: ['https://example.com/1.vtt'] }),
    candidate('ours', { transcripts: ['https://me.example/t/1.vtt'] }),
    candidate('begun', { transcripts: ['https://example.com/2.vtt'], ...recorded('x') }),
  ];
  const publicBaseUrl = 'https://me.example/t/';
  expect(roster(candidates, { publicBaseUrl })).toMatchObject({ wanted: ['ours', 'begun'], left: ['theirs'] });
  expect(roster(candidates, { transcribed: 'include' }).wanted).toEqual(['theirs', 'ours', 'begun']);
});

test('what fails is tried three times, what was refused once, and both again when asked for', () => {
  const candidates = [
    candidate('twice', failed(2)),
    candidate('thrice', failed(3)),
    candidate('refused', { note: noted('podcast://show/refused', 'bad', { refused: 'no audio' }) }),
  ];
  expect(roster(candidates, {}, { there: ['bad'] })).toMatchObject({ wanted: ['twice'], left: ['refused', 'thrice'] });
  expect(roster(candidates, {}, { retryFailed: true }).wanted).toEqual(['twice', 'thrice', 'refused']);
});

/** What was written, as the ledger tells it. */
const published = (...entries: PublishedFile[]) => ({
  entries: () => new Map(entries.map((entry) => [`transcripts/${entry.path.slice(10)}`, entry])).entries(),
});
const places = (entries: PublishedFile[], candidates: Candidate[] = [], taken: string[] = []) =>
  openPlaces(published(...entries), candidates, (name) => taken.includes(name));

test('an episode keeps its place, whatever it and its podcast are called now', () => {
  const renamed = showOf('show', 'A new name');
  const old = candidate('1', { title: 'Renamed', show: renamed, note: noted('podcast://old-name/one', 'a') });
  const fresh = candidate('2', { title: 'Two', show: renamed });
  const begun = candidate('3', { title: 'Renamed, too', show: renamed, ...recorded('c', 'old-name/three') });
  const given = places([noted('podcast://old-name/one', 'a')], [old, fresh, begun]);
  expect([old, fresh, begun].map((episode, index) => given.take(episode, `sha-${index}`))).toEqual([
    'old-name/one',
    'old-name/two',
    'old-name/three',
  ]);
});

test('no two episodes share a place, nor do two podcasts of one name; but a podcast that moved finds its own', () => {
  const other = showOf('other', 'show');
  const given = places([noted('podcast://show/one', 'a')], [], ['show/three']);
  expect(given.take(candidate('1', { title: 'One' }), 'b')).toBe('show/one-2');
  expect(given.take(candidate('2', { title: 'One' }), 'c')).toBe('show/one-3');
  expect(given.take(candidate('3', { title: 'Three' }), 'd')).toBe('show/three-2');
  expect(given.take(candidate('4', { title: 'One', show: other }), 'e')).toBe('show-2/one');
  expect(given.take(candidate('5', { title: 'One' }), 'a')).toBe('show/one');
});
