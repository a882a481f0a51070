import { describe, expect, test } from '@jest/globals';
import { parseXml } from '@rgrove/parse-xml';
import { parseFeed } from '../../../src/feeds/feed.js';
import { transcriptTags, withTranscripts } from '../../../src/feeds/transcript-tags.js';

const VTT = { url: 'https://me.example/t/1.vtt', type: 'text/vtt', language: 'en', rel: 'captions' };
const HTML = { url: 'https://me.example/t/1.html', type: 'text/html' };
const TAG = '<podcast:transcript url="https://me.example/t/1.vtt" type="text/vtt" language="en" rel="captions"/>';

const NAMESPACE = 'xmlns:podcast="https://podcastindex.org/namespace/1.0"';

const rss = (items: string, root = NAMESPACE) => `<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet href="style.xsl" type="text/xsl"?>
<!-- Made by a host -->
<rss version="2.0" ${root}>
  <channel>
    <title>Ann &amp; Bob 🎧 <![CDATA[<b>]]></title>
${items}
  </channel>
</rss>
`;

const item = (id: string, more = '') => `    <item>
      <title>第${id}回 🐈 &nbsp; &#x41;</title>
      <guid isPermaLink="false">${id}</guid>
      <enclosure url='https://cdn.example/${id}.mp3?a=1&amp;b=2' length="1" type="audio/mpeg"></enclosure>${more}
    </item>`;

const two = rss([item('2'), item('1')].join('\n'));

test('tags to paste, escaped', () => {
  expect(transcriptTags([VTT, { url: 'https://x.example/?a="1"&b=<2>\n', type: 'text/plain' }])).toBe(
    `${TAG}\n<podcast:transcript url="https://x.example/?a=&quot;1&quot;&amp;b=&lt;2&gt;" type="text/plain"/>`,
  );
  expect(transcriptTags([])).toBe('');
});

describe('a copy of a feed', () => {
  test('has the tags in their episode, each in a line like the others, and nothing else is changed', () => {
    const copy = withTranscripts(two, [{ id: '1', tags: [VTT, HTML] }]);
    const added = `\n      ${TAG}\n      <podcast:transcript url="https://me.example/t/1.html" type="text/html"/>`;
    expect(copy).toBe(rss([item('2'), item('1', added)].join('\n')));
    expect(
      parseFeed(copy, 'https://x.example').episodes.map(({ transcripts }) => transcripts.map(({ url }) => url)),
    ).toEqual([[], [VTT.url, HTML.url]]);
  });

  test('is the feed, without tags and with those of episodes that it no longer has', () => {
    expect(withTranscripts(two, [])).toBe(two);
    expect(withTranscripts(two, [{ id: 'gone', tags: [VTT] }])).toBe(two);
  });

  test('of a copy is the same', () => {
    const tags = [{ id: '1', tags: [VTT, HTML] }];
    const copy = withTranscripts(two, tags);
    expect(withTranscripts(copy, tags)).toBe(copy);
  });

  test('replaces a tag with the same address, and leaves those of others', () => {
    const theirs = '<podcast:transcript url="https://host.example/1.srt" type="application/srt"/>';
    const old = `<podcast:transcript type="text/vtt" url="${VTT.url}"></podcast:transcript>`;
    const feed = (tag: string) => rss(item('1', `${theirs}${tag}<x/>`));
    expect(withTranscripts(feed(old), [{ id: '1', tags: [VTT] }])).toBe(feed(TAG));
  });

  test('of a feed in one line, and of one with the line ends of Windows', () => {
    const line = `<rss ${NAMESPACE}><channel><item><enclosure url="a.mp3" type="audio/mpeg"/></item></channel></rss>`;
    expect(withTranscripts(line, [{ id: 'a.mp3', tags: [VTT] }])).toBe(line.replace('</item>', `${TAG}</item>`));
    const windows = two.replaceAll('\n', '\r\n');
    expect(withTranscripts(windows, [{ id: '1', tags: [VTT] }])).toBe(
      withTranscripts(two, [{ id: '1', tags: [VTT] }]).replaceAll('\n', '\r\n'),
    );
  });

  test.each([
    ['the namespace is missing', '', `${NAMESPACE}`, 'podcast'],
    ['it has another name', 'xmlns:p="https://podcastindex.org/namespace/1.0"', '', 'p'],
    [
      'its name is taken',
      'xmlns:podcast="https://x.example"',
      'xmlns:podcast2="https://podcastindex.org/namespace/1.0"',
      'podcast2',
    ],
    [
      'it is the old one',
      'xmlns:podcast="https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"',
      '',
      'podcast',
    ],
  ])('%s', (_, root, added, prefix) => {
    const copy = withTranscripts(rss(item('1'), root), [{ id: '1', tags: [VTT] }]);
    const start = `<rss${added && ` ${added}`} version="2.0" ${root}>`;
    expect(copy).toContain(start);
    expect(copy).toContain(`<${prefix}:transcript url="${VTT.url}"`);
    expect(parseFeed(copy, 'https://x.example').episodes[0]?.transcripts).toHaveLength(1);
  });

  test('is in UTF-8, and says so', () => {
    const copy = withTranscripts(two.replace('"UTF-8"', "'ISO-8859-1'"), []);
    expect(copy).toBe(two.replace('"UTF-8"', "'UTF-8'"));
  });

  test('of an Atom feed', () => {
    const atom = (more: string) =>
      `<a:feed xmlns:a="http://www.w3.org/2005/Atom" xmlns:podcast="https://podcastindex.org/namespace/1.0"><a:entry><a:id>urn:1</a:id><a:link rel="enclosure" type="audio/mpeg" href="/1.mp3"/>${more}</a:entry></a:feed>`;
    expect(parseFeed(atom(''), 'https://x.example').episodes[0]?.id).toBe('urn:1');
    expect(withTranscripts(atom(''), [{ id: 'urn:1', tags: [VTT] }])).toBe(atom(TAG));
  });
});

test('ids are those of parseFeed, whatever a feed is like', () => {
  const items = [
    item('1'),
    '<item><enclosure url="notes.pdf" type="application/pdf"/><enclosure url=" b c.mp3 " type="audio/mpeg"/></item>',
    '<item><guid>pdf</guid><enclosure url="notes.pdf" type="application/pdf"/></item>',
    '<item><guid>file</guid><enclosure url="file:///a.mp3" type="audio/mpeg"/></item>',
    '<item><guid>same</guid><enclosure url="4.mp3" type="audio/mpeg"/></item>',
    '<item><guid>same</guid><enclosure url="3.mp3?a=1&amp;b=2" type="audio/mpeg"/></item>',
    '<item><guid><![CDATA[ a&b ]]></guid><enclosure url="5.mp3" type="audio/mpeg"/></item>',
    '<item><guid>c&amp;d<!-- no --></guid><enclosure url="6.mp3" type="audio/mpeg"/></item>',
    '<item><guid> </guid><enclosure url="7.mp3" type="audio/mpeg"/></item>',
  ];
  const xml = rss(items.join('\n'));
  const { episodes } = parseFeed(xml, 'https://x.example/feed.xml');
  expect(episodes.map(({ id }) => id)).toEqual(['1', 'b c.mp3', '4.mp3', '3.mp3?a=1&b=2', 'a&b', 'c&d', '7.mp3']);
  const all = episodes.map(({ id }, index) => ({
    id,
    tags: [{ url: `https://me.example/${index}`, type: 'text/vtt' }],
  }));
  const copy = withTranscripts(xml, all);
  expect(
    parseFeed(copy, 'https://x.example/feed.xml').episodes.map(({ id, transcripts }) => [id, transcripts[0]?.url]),
  ).toEqual(all.map(({ id, tags }) => [id, tags[0]?.url]));
});

test('what is not well-formed cannot be copied: it is said where', () => {
  expect(() => withTranscripts(rss('<title>Q & A</title>'), [])).toThrow(
    'The feed cannot be copied, as it is not well-formed XML: Unterminated reference (a reference must end with `;`) (line 7',
  );
  expect(() => withTranscripts('', [])).toThrow('The feed cannot be copied');
});

test('a thousand episodes with a cat each', () => {
  const xml = rss(
    Array.from({ length: 1000 }, (_, n) => item(String(n), '<description>🐈</description>'.repeat(20))).join('\n'),
  );
  const copy = withTranscripts(xml, [
    { id: '0', tags: [VTT] },
    { id: '999', tags: [HTML] },
  ]);
  expect(() => parseXml(copy, { ignoreUndefinedEntities: true })).not.toThrow();
  expect(copy.length).toBe(xml.length + TAG.length + transcriptTags([HTML]).length);
});
