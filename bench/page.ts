// How long the page of a long transcript takes to open in Chromium, and to be searched.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'puppeteer-core';
import { launchChromium } from '../__tests__/helpers/chromium.ts';
import { presentationOf, threeHours } from '../__tests__/helpers/spoken.ts';
import { run } from '../script/lib/local-aws.ts';
import type { Figure } from './figure.ts';

/** Milliseconds until the page can be used, at most. */
const OPEN_MS = 2000;
const RUNS = 5;

export async function page(): Promise<Figure[]> {
  await run('bash', ['-c', 'source script/lib/packages.sh && need_packages chromium=chromium'], false);
  await import(new URL('../script/lib/sources.mjs', import.meta.url).href);
  const { writeHtml } = await import('../src/transcript/html.ts');
  const html = writeHtml(threeHours(), presentationOf({ speakers: ['Anna', 'Béla'] }));
  const folder = await mkdtemp(join(tmpdir(), 'bench-page-'));
  const browser = await launchChromium();
  try {
    const file = join(folder, 'page.html');
    await writeFile(file, html);
    const runs: Times[] = [];
    for (let count = 0; count < RUNS; count += 1) runs.push(await opened(browser, pathToFileURL(file).href));
    const open = median(runs.map((times) => times.open));
    const figure = { bench: 'page', case: 'three_hours', unit: 'ms' };
    return [
      { ...figure, metric: 'open_ms', value: open, bar: OPEN_MS, ok: open <= OPEN_MS },
      { ...figure, metric: 'search_ms', value: median(runs.map((times) => times.search)) },
      { ...figure, metric: 'page_kb', value: Math.round(Buffer.byteLength(html) / 1000), unit: 'kB' },
    ];
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Times {
  /** From the navigation to the first frame after the script has run. */
  open: number;
  /** From the first letter, one that is everywhere, to the frame that shows what was found. */
  search: number;
}

async function opened(browser: Browser, address: string): Promise<Times> {
  const tab = await browser.newPage();
  try {
    await tab.goto(address);
    const painted = 'new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))';
    const open = Number(await tab.evaluate(painted));
    await tab.focus('.search input');
    const before = Number(await tab.evaluate('performance.now()'));
    await tab.keyboard.type('e');
    const search = Number(await tab.evaluate(painted)) - before;
    return { open: Math.round(open), search: Math.round(search) };
  } finally {
    await tab.close();
  }
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
