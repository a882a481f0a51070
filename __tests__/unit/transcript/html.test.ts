import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { writeHtml } from '../../../src/transcript/html.js';
import { presentationOf, segmentOf, transcriptOf } from '../../helpers/spoken.js';

const page = (text: string, given: Parameters<typeof presentationOf>[0] = {}, language = 'en') =>
  writeHtml(transcriptOf([segmentOf(text, 0, 2)], language), presentationOf(given));

test('only the script and the style of the page itself are allowed to run', () => {
  const html = page('Hello.');
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? '';
  const hash = (content = '') => `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
  const [, script] = /<script type="module">([\s\S]*?)<\/script>/.exec(html) ?? [];
  const [, style] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? [];
  expect(script).toContain('createSearch');
  expect(policy.split('; ')).toEqual(
    expect.arrayContaining(["default-src 'none'", `script-src ${hash(script)}`, `style-src ${hash(style)}`]),
  );
  // A carriage return is a line feed to the browser, and the hash another one.
  expect(html).not.toContain('\r');
});

test('text, title, name and address are escaped for the place that they stand in', () => {
  const evil = `</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>&lt;\u2028`;
  const html = writeHtml(
    transcriptOf([segmentOf(evil, 0, 2, '1')]),
    presentationOf({ title: evil, audioUrl: `a.mp3?${evil}`, speakers: [evil] }),
  );
  const without = html.replace(/<script type="module">[\s\S]*?<\/script>/, '');
  expect(without).not.toMatch(/<script|<img/);
  expect(html.match(/<\/script/g)).toHaveLength(1);
  expect(html).toContain('&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x');
  expect(html).toContain('src="a.mp3?&lt;/script&gt;');
});

test.each([
  'javascript:alert(1)',
  ' JavaScript:alert(1)',
  'data:text/html,hello',
  'file:///etc/passwd',
  'java\nscript:1',
])('an address that is not of audio beside the page or on a server is left out: %j', (audioUrl) => {
  const html = page('Hello.', { audioUrl });
  expect(html).toContain('<audio controls preload="metadata" hidden></audio>');
  expect(html).toContain('<p class="missing"><span>This page has no audio.');
});

test("an episode has its podcast and day; its page is a link only where it is one of the web's", () => {
  const episode = { podcast: 'On <boats>', title: 'x', published: '2026-11-20T23:00:00.000Z' };
  expect(page('Hello.', { episode: { ...episode, link: 'https://example.com/?a=1&b="' } })).toContain(
    '<bdi dir="auto"><a href="https://example.com/?a=1&amp;b=&quot;">On &lt;boats&gt;</a></bdi> · <time datetime="2026-11-20T23:00:00.000Z">2026-11-20</time></p>',
  );
  expect(page('Hello.', { episode: { ...episode, link: 'javascript:alert(1)' } })).not.toContain('javascript:');
});

test.each(['../audio/an%20episode.mp3', 'https://example.org/a.mp3?x=1', './a:b.mp3'])(
  'the player has %s',
  (audioUrl) => {
    expect(page('Hello.', { audioUrl })).toContain(`<audio controls preload="metadata" src="${audioUrl}"></audio>`);
  },
);

test('each word has its place in the text and the hundredths of a second from the start of its cue', () => {
  const segment = {
    start: 10,
    end: 12,
    text: ' Well,  well, yes. ',
    words: [] as { word: string; start: number; end: number }[],
  };
  segment.words = [
    { word: ' Well,', start: 10, end: 10.5 },
    { word: 'well,', start: 10.5, end: 11 },
    { word: 'unsaid', start: 11, end: 11.1 },
    { word: 'yes.', start: 11.254, end: 12 },
  ];
  expect(writeHtml(transcriptOf([segment]), presentationOf())).toContain(
    '<span class="cue" data-start="10" data-end="12" data-words="0 0 6 50 12 125">Well, well, yes.</span>',
  );
});

test('the starts of cues rise, so that they can be looked up, and no paragraph has the name of another', () => {
  const segments = [
    segmentOf('One.', 5, 6, '1'),
    segmentOf('Two.', 4, 7, '2'),
    segmentOf('Three.', 8, 9, '1'),
    segmentOf('', 9, 9.5, '1'),
  ];
  const html = writeHtml(transcriptOf(segments), presentationOf({ speakers: ['Anna'] }));
  expect(Array.from(html.matchAll(/data-start="([^"]+)"/g), ([, start]) => start)).toEqual(['5', '5', '8']);
  expect(Array.from(html.matchAll(/ id="(t=[^"]+)"/g), ([, id]) => id)).toEqual(['t=5', 't=8']);
  expect(Array.from(html.matchAll(/class="speaker" dir="auto">([^<]+)/g), ([, name]) => name)).toEqual([
    'Anna',
    'Speaker 2',
    'Anna',
  ]);
});

test('a pause and the end of a sentence in a long stretch begin a paragraph', () => {
  const sentence = 'word '.repeat(30).trim();
  const segments = [0, 1, 2, 3, 4, 5].map((index) =>
    segmentOf(`${sentence}${index === 2 ? '' : '.'}`, index * 5, index * 5 + 5),
  );
  const html = writeHtml(transcriptOf([...segments, segmentOf('After a pause.', 40, 42)]), presentationOf());
  const cuesInEach = html
    .split('class="paragraph"')
    .slice(1)
    .map((paragraph) => paragraph.match(/class="cue"/g)?.length);
  expect(cuesInEach).toEqual([4, 2, 1]);
});

test.each([
  ['ar', '<html lang="ar" dir="rtl">'],
  ['ja', '<html lang="ja" dir="ltr">'],
  // Whisper's code of Javanese is an old one.
  ['jw', '<html lang="jv" dir="ltr">'],
  ['"><b>', '<html lang="und" dir="ltr">'],
])('language %s', (language, html) => {
  expect(page('Hello.', {}, language)).toContain(html);
});

test('a translation is in English', () => {
  const transcript = { ...transcriptOf([segmentOf('Hello.', 0, 2)], 'ar'), task: 'translate' };
  expect(writeHtml(transcript, presentationOf())).toContain('<html lang="en" dir="ltr">');
});

test('Japanese sentences are not parted by spaces', () => {
  const transcript = transcriptOf([segmentOf('吾輩は猫である。', 0, 2), segmentOf('名前はまだ無い。', 2, 4)], 'ja');
  expect(writeHtml(transcript, presentationOf())).toContain('吾輩は猫である。</span><span');
});

test('silence is told', () => {
  const html = writeHtml({ ...transcriptOf([]), duration: 7 }, presentationOf());
  expect(html).toContain('No speech was found');
  expect(html).toContain('7 s · English · 0 words');
});
