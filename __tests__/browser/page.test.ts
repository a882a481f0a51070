import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import axe from 'axe-core';
import type { Page } from 'puppeteer-core';
import { writeHtml } from '../../src/transcript/html.js';
import { presentationOf, segmentOf, threeHours, transcriptOf } from '../helpers/spoken.js';
import { clickText, marked, moment, Rig, spokenCue, wav } from './rig.js';

const conversation = transcriptOf([
  segmentOf('We met in a small café in Paris.', 1, 3, '1'),
  segmentOf('It was raining, as it does.', 3, 5, '1'),
  segmentOf('Which cafe was it?', 8, 10, '2'),
  segmentOf('The one by the river, I think.', 10.5, 13, '2'),
]);
const speakers = ['Anna', 'Béla'];

jest.setTimeout(60_000);

let rig: Rig;
let page: Page;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whisper-page-'));
  rig = await Rig.start();
});
afterAll(async () => {
  await rig?.stop();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await page.close();
  expect(rig.faults).toEqual([]);
});

const paused = () => page.$eval('audio', (audio) => audio.paused);
const count = () => page.$eval('.search output', (output) => output.value);
const text = () => page.$eval('main', (main) => main.textContent.replace(/\s+/g, ' ').trim());
const until = (condition: string) => page.waitForFunction(condition, { timeout: 20_000 });
const audioIsReady = () => until('document.querySelector("audio").readyState > 0');

test('no violation of the accessibility rules, in light and dark, while it searches and shows its keys', async () => {
  page = await rig.open(conversation, { speakers }, '#t=3.5');
  await page.type('.search input', 'cafe');
  const violations = async () => {
    // Evaluated by the debugger: the page's own policy would refuse it.
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
  };
  expect(await violations()).toEqual([]);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  expect(await violations()).toEqual([]);
  await page.click('.help');
  expect(await violations()).toEqual([]);
});

test('nothing is wider than 360 pixels, whatever the words are', async () => {
  const long = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen'.repeat(3);
  page = await rig.open(transcriptOf([segmentOf(`${long} ${long}`, 0, 2, '1')]), { title: long, speakers: [long] });
  await page.setViewport({ width: 360, height: 740 });
  await page.type('.search input', 'dampf');
  expect(await count()).toBe('1 of 6');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  expect(await page.$eval('dialog', (dialog) => dialog.getBoundingClientRect().width)).toBeLessThan(360);
});

test('keys play and seek, but not while the reader writes', async () => {
  page = await rig.open(conversation);
  await audioIsReady();
  await page.keyboard.press('k');
  await until('!document.querySelector("audio").paused');
  await page.keyboard.press('Space');
  expect(await paused()).toBe(true);
  for (const [key, time] of [
    ['n', 1],
    ['n', 3],
    ['n', 8],
    ['p', 3],
    ['ArrowRight', 8],
    ['l', 18],
    ['j', 8],
    ['ArrowLeft', 3],
    ['j', 0],
  ] as const) {
    await page.keyboard.press(key);
    expect([key, await moment(page)]).toEqual([key, time]);
  }
  await page.keyboard.press('/');
  await page.keyboard.type('k l n');
  expect(await page.$eval('.search input', (field) => field.value)).toBe('k l n');
  expect([await paused(), await moment(page)]).toEqual([true, 0]);
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  expect(await page.$eval('dialog', (dialog) => dialog.open)).toBe(true);
  await page.keyboard.press('k');
  expect(await paused()).toBe(true);
  await page.click('dialog input');
  await page.keyboard.press('Escape');
  await until('!document.querySelector("dialog").open');
  await page.keyboard.press('k');
  expect(await paused()).toBe(true);
});

test('a click on a word goes there, and the address says so', async () => {
  page = await rig.open(conversation);
  await audioIsReady();
  await clickText(page, 'raining');
  // "It was raining, as it does.": six words in two seconds, the third.
  expect(await moment(page)).toBeCloseTo(3.67, 2);
  expect(await page.evaluate(() => location.hash)).toBe('#t=3.67');
  expect(await spokenCue(page)).toBe('It was raining, as it does.');
  expect(await marked(page, 'word')).toEqual(['raining,']);
  // Selecting is not going there.
  await page.mouse.click(0, 0);
  const at = await moment(page);
  const box = await page.$eval('.cue', (cue) => cue.getBoundingClientRect().toJSON());
  await page.mouse.move(box.x + 2, box.y + 5);
  await page.mouse.down();
  await page.mouse.move(box.x + 60, box.y + 5);
  await page.mouse.up();
  expect(await page.evaluate(() => String(getSelection()))).not.toBe('');
  expect(await moment(page)).toBe(at);
});

test('what is spoken is marked as it plays, and nothing in a long silence', async () => {
  page = await rig.open(conversation);
  await audioIsReady();
  await page.select('.speed', '2');
  await page.keyboard.press('k');
  await until('document.querySelector("[aria-current]")?.textContent.startsWith("We met")');
  await until('[...CSS.highlights.get("word") ?? []].some((range) => String(range) === "small")');
  await until('document.querySelector("[aria-current]")?.textContent.startsWith("It was")');
  await until('!document.querySelector("[aria-current]")');
  expect(await moment(page)).toBeGreaterThan(6);
  expect(await moment(page)).toBeLessThan(8);
  expect(await page.$eval('audio', (audio) => audio.playbackRate)).toBe(2);
  // Chosen in the browser's own player.
  await page.$eval('audio', (audio) => {
    audio.playbackRate = 0.5;
  });
  await until('document.querySelector(".speed").value === "0.5"');
});

test('the page follows what is spoken until the reader scrolls, and again when asked to', async () => {
  page = await rig.open(threeHours(), {}, '#t=20');
  await audioIsReady();
  const inSight = () =>
    page.evaluate(() => {
      const { top, bottom } = document.querySelector('[aria-current]')?.getBoundingClientRect() ?? new DOMRect(0, -1);
      return top >= 0 && bottom <= innerHeight;
    });
  const wait = 'document.querySelector("[aria-current]").getBoundingClientRect().top';
  expect(await inSight()).toBe(true);
  await page.mouse.move(300, 400);
  await page.mouse.wheel({ deltaY: 5000 });
  await until(`${wait} < -1000`);
  await page.keyboard.press('ArrowRight');
  await until('document.querySelector("audio").currentTime === 25');
  await page.evaluate(() => new Promise((done) => setTimeout(done, 100)));
  expect(await inSight()).toBe(false);
  await page.click('.return');
  await until(`${wait} > 0`);
  expect(await inSight()).toBe(true);
  expect(await page.$eval('.return', (button) => button.checkVisibility())).toBe(false);
});

test('search finds while typing, over accents, case and the borders of cues', async () => {
  page = await rig.open(conversation, { speakers });
  await page.keyboard.press('/');
  await page.keyboard.type('CAFE');
  expect(await count()).toBe('1 of 2');
  expect(await marked(page, 'found')).toEqual(['café', 'cafe']);
  await page.keyboard.press('Enter');
  expect([await count(), await marked(page, 'chosen')]).toEqual(['2 of 2', ['cafe']]);
  await page.keyboard.press('Enter');
  expect(await count()).toBe('1 of 2');
  await page.keyboard.down('Shift');
  await page.keyboard.press('Enter');
  await page.keyboard.up('Shift');
  expect(await marked(page, 'chosen')).toEqual(['cafe']);
  await page.click('.from-match');
  await until('!document.querySelector("audio").paused');
  expect(await moment(page)).toBeGreaterThanOrEqual(8.5);
  await page.click('.search input', { count: 3 });
  await page.keyboard.type('paris. it was');
  expect([await count(), await marked(page, 'found')]).toEqual(['1 of 1', ['Paris. It was']]);
  await page.click('.search input', { count: 3 });
  await page.keyboard.type('London');
  expect([await count(), await marked(page, 'found')]).toEqual(['No match', []]);
  await page.keyboard.press('Escape');
  expect([await count(), await page.evaluate(() => document.activeElement?.tagName)]).toEqual(['', 'BODY']);
});

test('search in other scripts: without spaces, in half width, without vowel points, with letters that are two', async () => {
  const sentences = [
    '吾輩は猫である。',
    '名前はまだ無い。',
    'ｶﾌｪとカラスとガラス。',
    'كَتَبَ الوَلَدُ.',
    'Die Straße heißt so.',
  ];
  page = await rig.open(
    transcriptOf(
      sentences.map((sentence, index) => segmentOf(sentence, index, index + 1)),
      'ja',
    ),
  );
  for (const [wanted, ...found] of [
    ['。名前', '。名前'],
    ['カフェ', 'ｶﾌｪ'],
    ['ガラス', 'ガラス'],
    ['كتب', 'كَتَبَ'],
    ['STRASSE', 'Straße'],
    ['s', 'S', 'ß', 'ß', 's'],
  ] as const) {
    await page.click('.search input', { count: 3 });
    await page.type('.search input', wanted);
    expect([wanted, await marked(page, 'found')]).toEqual([wanted, found]);
  }
});

test('markup in the title, the names, the text and the address of the audio stays text', async () => {
  const evil = `</script><script>hacked = 1</script><img src=x onerror="hacked = 1">' & "quoted" &lt;b&gt;`;
  const transcript = transcriptOf([segmentOf(evil, 0, 2, '1')]);
  page = await rig.open(transcript, { title: evil, speakers: [evil], audioUrl: `audio.wav?"onerror="hacked=1"&<'` });
  await audioIsReady();
  expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false);
  expect([await page.title(), await page.$eval('h1', (title) => title.textContent)]).toEqual([evil, evil]);
  expect(await page.$eval('.cue', (cue) => cue.textContent)).toBe(evil);
  expect(await page.$eval('.speaker', (name) => name.textContent)).toBe(evil);
  expect(await page.$$('main script, main img, main b')).toHaveLength(0);
  await page.type('.search input', '<script>');
  expect(await marked(page, 'found')).toEqual(['<script>']);
});

test('an address leads to a moment, also within an open page', async () => {
  page = await rig.open(conversation, { speakers }, '#t=0:00:09');
  await until('document.querySelector("audio").currentTime === 9');
  expect(await spokenCue(page)).toBe('Which cafe was it?');
  await page.click('.time[href="#t=1"]');
  await until('document.querySelector("audio").currentTime === 1');
  expect(await spokenCue(page)).toBe('We met in a small café in Paris.');
  await page.keyboard.press('l');
  await page.click('.time[href="#t=1"]');
  await until('document.querySelector("audio").currentTime === 1');
});

test.each([
  ['has none', undefined, 'This page has no audio.'],
  ['is not there', 'gone.wav', 'The audio could not be loaded.'],
])('the audio is opened from the disk where the page %s', async (_case, audioUrl, told) => {
  const transcript = writeHtml(conversation, presentationOf(audioUrl === undefined ? {} : { audioUrl }));
  page = await rig.openHtml(transcript);
  await until(`document.querySelector('.missing').checkVisibility()`);
  expect(await page.$eval('.missing', (missing) => missing.textContent)).toContain(told);
  await clickText(page, 'raining');
  expect(await spokenCue(page)).toBe('It was raining, as it does.');
  const file = join(folder, 'audio.wav');
  await writeFile(file, wav(20));
  await (await page.$('input[type=file]'))?.uploadFile(file);
  await audioIsReady();
  await until('!document.querySelector("audio").seeking');
  expect(await moment(page)).toBeCloseTo(3.67, 2);
  expect(await page.$eval('.missing', (missing) => missing.checkVisibility())).toBe(false);
});

test('the page of a folder on disk plays the audio beside it', async () => {
  await writeFile(join(folder, 'audio.wav'), wav(20));
  const path = join(folder, 'page.html');
  await writeFile(path, writeHtml(conversation, presentationOf({ audioUrl: 'audio.wav' })));
  page = await rig.openAddress(`${pathToFileURL(path)}#t=9`);
  await audioIsReady();
  expect(await moment(page)).toBe(9);
  await clickText(page, 'raining');
  expect(await page.evaluate(() => location.hash)).toBe('#t=3.67');
});

test('without a script the page is its text, with a player and links to its paragraphs', async () => {
  const html = writeHtml(conversation, presentationOf({ audioUrl: 'audio.wav', speakers }));
  page = await rig.openHtml(html, '', (opened) => opened.setJavaScriptEnabled(false));
  expect(await text()).toBe(
    'Anna 0:01 We met in a small café in Paris. It was raining, as it does. ' +
      'Béla 0:08 Which cafe was it? The one by the river, I think.',
  );
  const visible = (selector: string) => page.$eval(selector, (found) => found.checkVisibility());
  expect([await visible('audio'), await visible('.tools'), await visible('.missing')]).toEqual([true, false, false]);
  await page.click('.time[href="#t=8"]');
  expect(await page.$eval(':target', (target) => target.textContent)).toContain('Which cafe');
});

test('Arabic runs from right to left, the player does not', async () => {
  page = await rig.open(transcriptOf([segmentOf('كان يا ما كان', 0, 2)], 'ar'));
  const direction = (selector: string) => page.$eval(selector, (found) => getComputedStyle(found).direction);
  expect([await direction('.text'), await direction('main'), await direction('.player')]).toEqual([
    'rtl',
    'rtl',
    'ltr',
  ]);
});

test('three hours open at a moment near their end', async () => {
  page = await rig.openHtml(writeHtml(threeHours(), presentationOf({ speakers })), '#t=10000');
  expect(await spokenCue(page)).toContain('number-2777.');
  const place = () => page.$eval('[aria-current]', (cue) => cue.getBoundingClientRect().top / innerHeight);
  await until('document.querySelector("[aria-current]").getBoundingClientRect().top < innerHeight');
  expect(await place()).toBeGreaterThan(0.1);
  expect(await place()).toBeLessThan(0.9);
  await page.type('.search input', '2999');
  expect(await count()).toBe('1 of 1');
  const last = '[...document.querySelectorAll(".cue")].at(-1).getBoundingClientRect()';
  expect(await page.evaluate(`${last}.top > 0 && ${last}.bottom < innerHeight`)).toBe(true);
});

test('on paper there is the text alone', async () => {
  page = await rig.open(conversation, { speakers });
  await page.emulateMediaType('print');
  expect(await page.$eval('.player', (player) => player.checkVisibility())).toBe(false);
  expect(await text()).toContain('The one by the river');
});
