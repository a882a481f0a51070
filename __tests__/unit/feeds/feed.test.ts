import { describe, expect, test } from '@jest/globals';
import { parseFeed } from '../../../src/feeds/feed.js';

const AT = 'https://pod.example/shows/feed.xml';

const rss = (items: string, channel = '<title>A show</title>') => `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel>${channel}
${items}</channel></rss>`;

const item = (
  inner: string,
  enclosure = '<enclosure url="https://cdn.example/1.mp3" type="audio/mpeg" length="1234"/>',
) => `<item>${inner}${enclosure}</item>\n`;

const only = (xml: string) => parseFeed(xml, AT).episodes[0];

describe('RSS', () => {
  test('a show and an episode, with all that hosts tell', () => {
    const xml = rss(
      item(`<title><![CDATA[Salt & Pepper]]></title><itunes:title>Pepper</itunes:title>
<guid isPermaLink="false"> 7d2a-0001 </guid><pubDate>Mon, 23 Nov 2026 06:00:00 +0100</pubDate>
<link>https://pod.example/1?a=1&amp;b=2</link><description><![CDATA[<p>With <a href="https://x.example">Ann</a> &amp; Bob.</p>]]></description>
<itunes:author>Ann</itunes:author><itunes:duration>1:02:03</itunes:duration><itunes:season>2</itunes:season><itunes:episode>14</itunes:episode>
<itunes:image href="https://pod.example/1.jpg"/><podcast:transcript url="/1.vtt" type="text/vtt" language="en"/>
<podcast:transcript url="https://pod.example/1.srt" type="application/x-subrip"/>`),
      `<title>Salt</title><link>https://pod.example</link><language>en-gb</language><itunes:author>Pod &amp; Co</itunes:author>
<itunes:image href="cover.jpg"/><description>About</description>`,
    );
    expect(parseFeed(xml, AT)).toEqual({
      url: AT,
      title: 'Salt',
      link: 'https://pod.example/',
      language: 'en-gb',
      author: 'Pod & Co',
      image: 'https://pod.example/shows/cover.jpg',
      xml,
      withoutAudio: 0,
      episodes: [
        {
          id: '7d2a-0001',
          title: 'Salt & Pepper',
          published: new Date('2026-11-23T05:00:00Z'),
          link: 'https://pod.example/1?a=1&b=2',
          description: 'With Ann & Bob.',
          author: 'Ann',
          season: 2,
          number: 14,
          seconds: 3723,
          image: 'https://pod.example/1.jpg',
          enclosure: { url: 'https://cdn.example/1.mp3', type: 'audio/mpeg', bytes: 1234 },
          transcripts: [
            { url: 'https://pod.example/1.vtt', type: 'text/vtt', language: 'en' },
            { url: 'https://pod.example/1.srt', type: 'application/x-subrip' },
          ],
        },
      ],
    });
  });

  test('as little as can be', () => {
    expect(parseFeed(rss(item(''), ''), AT)).toMatchObject({
      title: 'pod.example',
      episodes: [
        {
          id: 'https://cdn.example/1.mp3',
          title: '1.mp3',
          enclosure: { url: 'https://cdn.example/1.mp3', type: 'audio/mpeg', bytes: 1234 },
          transcripts: [],
        },
      ],
    });
  });

  test.each([
    ['%E7%AC%AC5%E5%9B%9E.mp3?x=1', '第5回.mp3'],
    ['50%.mp3', '50%.mp3'],
  ])('an episode without a title is called by its file: %s', (file, title) => {
    expect(only(rss(item('', `<enclosure url="/${file}" type="audio/mpeg"/>`)))?.title).toBe(title);
  });

  test('Japanese', () => {
    const xml = rss(
      item('<title>第5回　猫と本</title><guid>第5回</guid>'),
      '<title>猫の本棚</title><language>ja</language>',
    );
    expect(parseFeed(xml, AT)).toMatchObject({
      title: '猫の本棚',
      language: 'ja',
      episodes: [{ id: '第5回', title: '第5回　猫と本' }],
    });
  });

  test('other names for the namespaces', () => {
    const xml = `<rss version="2.0" xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:p="https://podcastindex.org/namespace/1.0"><channel>
<item><i:duration>61</i:duration><p:transcript url="https://x.example/t.srt" type="application/srt"/><enclosure url="https://x.example/a.mp3" type="audio/mpeg"/></item></channel></rss>`;
    expect(only(xml)).toMatchObject({ seconds: 61, transcripts: [{ url: 'https://x.example/t.srt' }] });
  });

  test.each([
    ['61', 61],
    ['10:01', 601],
    ['01:00:01', 3601],
    ['an hour', undefined],
  ])('a length of %s', (text, seconds) => {
    expect(only(rss(item(`<itunes:duration>${text}</itunes:duration>`)))?.seconds).toBe(seconds);
  });
});

describe('Atom', () => {
  test('a show and an episode', () => {
    const xml = `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title type="html">Tom &amp;amp; Ann</title>
<id>urn:show</id><link rel="self" href="feed.xml"/><link href="/"/><author><name>Ann</name></author><updated>2026-11-23T10:00:00Z</updated>
<entry><id>urn:1</id><title>One</title><published>2026-11-20T10:00:00+09:00</published><updated>2026-11-23T10:00:00Z</updated>
<link href="/one"/><link rel="enclosure" href="/notes.pdf" type="application/pdf"/>
<link rel="enclosure" href="/one.ogg" type="audio/ogg" length="99"/><summary>Notes</summary></entry></feed>`;
    expect(parseFeed(xml, AT)).toEqual({
      url: AT,
      title: 'Tom & Ann',
      link: 'https://pod.example/',
      author: 'Ann',
      xml,
      withoutAudio: 0,
      episodes: [
        {
          id: 'urn:1',
          title: 'One',
          published: new Date('2026-11-20T01:00:00Z'),
          link: 'https://pod.example/one',
          description: 'Notes',
          enclosure: { url: 'https://pod.example/one.ogg', type: 'audio/ogg', bytes: 99 },
          transcripts: [],
        },
      ],
    });
  });
});

describe('which items are episodes', () => {
  const enclosure = (attributes: string) => item(`<guid>${attributes.length}</guid>`, `<enclosure ${attributes}/>`);

  test('those that can be heard, the others are counted', () => {
    const heard = [
      'url="https://x.example/a" type="audio/mp4"',
      'url="https://x.example/a.MP3?x=/y.html" type=""',
      'url="https://x.example/a.opus" type="application/octet-stream"',
      'url="https://x.example/video" type="video/mp4"',
    ];
    const not = [
      'url="https://x.example/a.pdf" type="application/pdf"',
      'url="https://x.example/live.m3u8" type="audio/mpegurl"',
      'url="file:///etc/a.mp3" type="audio/mpeg"',
      'url="javascript:a.mp3" type="audio/mpeg"',
      'type="audio/mpeg"',
    ];
    const feed = parseFeed(rss(item('<title>News</title>', '') + [...heard, ...not].map(enclosure).join('')), AT);
    expect(feed.episodes.map(({ id }) => id)).toEqual(heard.map(({ length }) => String(length)));
    expect(feed.withoutAudio).toBe(not.length + 1);
  });

  test('addresses start at the feed', () => {
    expect(only(rss(item('', '<enclosure url=" ../b c.mp3 " type="audio/mpeg"/>')))).toMatchObject({
      id: '../b c.mp3',
      enclosure: { url: 'https://pod.example/b%20c.mp3' },
    });
  });

  test('a guid of several episodes is none, and which of them came first does not matter', () => {
    const episode = (guid: string, name: string) =>
      item(`<guid>${guid}</guid>`, `<enclosure url="https://x.example/${name}.mp3" type="audio/mpeg"/>`);
    const two = [episode('same', '2'), episode('same', '1')];
    const ids = (items: string[]) => parseFeed(rss(items.join('')), AT).episodes.map(({ id }) => id);
    expect(ids(two)).toEqual(['https://x.example/2.mp3', 'https://x.example/1.mp3']);
    expect(ids([episode('same', '3'), ...two]).slice(1)).toEqual(ids(two));
    // One that is in the feed twice is one.
    expect(ids([episode('a', '1'), episode('a', '1')])).toEqual(['a']);
  });
});

describe('what is no feed', () => {
  test.each([
    [
      '<!DOCTYPE html><html><head><link type="application/rss+xml" href="/f"></head> <rss version="2.0"></html>',
      'a web page (HTML)',
    ],
    ['\n<html lang="en">', 'a web page (HTML)'],
    ['{"version": "https://jsonfeed.org/version/1.1"}', 'JSON'],
    ['<?xml version="1.0"?><opml version="2.0"></opml>', 'XML of another kind'],
    ['Not here', 'text of another kind'],
    ['', 'nothing'],
  ])('%s', (text, kind) => {
    const read = () => parseFeed(text, 'https://me:pass@pod.example/feed?token=secret');
    expect(read).toThrow(`https://pod.example/feed?... is not a feed, but ${kind}.`);
  });

  test('a broken one', () => {
    expect(() => parseFeed('<rss version="2.0"><channel><title>A</channel>', AT)).toThrow(`The feed ${AT} is broken: `);
  });
});

describe('a feed that means harm', () => {
  test('entities of its own stay as they are', () => {
    const levels = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('');
    const bomb = `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">${levels}]>`;
    expect(only(rss(item('<title>&l9;</title>')).replace(/^.*\n/, bomb))?.title).toBe('&l9;');
  });

  test.each([
    ['a file of this machine', '<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd">]>', '<title>&f;</title>'],
    ['names that mean something to JavaScript', '', '<__proto__><polluted>1</polluted></__proto__>'],
    ['elements in elements without an end', '', '<a>'.repeat(50_000)],
  ])('is refused: %s', (_, doctype, inner) => {
    const xml = rss(item(inner)).replace(/\n/, `${doctype}\n`);
    expect(() => parseFeed(xml, AT)).toThrow(`The feed ${AT} is broken: `);
  });
});

test('a thousand episodes', () => {
  const notes = `<description><![CDATA[${'<p>Notes &amp; links</p>'.repeat(100)}]]></description>`;
  const items = Array.from({ length: 1000 }, (_, n) =>
    item(`<title>Episode ${n}</title><guid>${n}</guid>${notes}`, `<enclosure url="/${n}.mp3" type="audio/mpeg"/>`),
  );
  const { episodes } = parseFeed(rss(items.join('')), AT);
  expect(episodes).toHaveLength(1000);
  expect(episodes[999]).toMatchObject({ id: '999', title: 'Episode 999' });
});
