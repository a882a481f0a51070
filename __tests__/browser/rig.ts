import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'puppeteer-core';
import { writeHtml } from '../../src/transcript/html.js';
import type { Presentation } from '../../src/transcript/presentation.js';
import type { Transcript } from '../../src/transcript/transcript.js';
import { launchChromium } from '../helpers/chromium.js';
import { presentationOf } from '../helpers/spoken.js';

/** A tone of so many seconds, 8 kHz, 8 bits, mono: a canonical WAV file. */
export function wav(seconds: number): Buffer {
  const rate = 8000;
  const samples = Buffer.alloc(seconds * rate).map((_, index) => 128 + Math.round(20 * Math.sin(index / 3)));
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

/** Chromium, and a site that has pages of transcripts and `audio.wav` beside them. */
export class Rig {
  /** What the page did that it must not do: outside requests, refusals of its policy, errors. Read by the tests. */
  readonly faults: string[] = [];
  private html = '';

  private constructor(
    private readonly server: Server,
    private readonly browser: Browser,
    readonly address: string,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.answer(request, response));
  }

  static async start(): Promise<Rig> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new Rig(server, await launchChromium(), `http://127.0.0.1:${port}`);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Opens the transcript's page. @param hash of its address */
  async open(transcript: Transcript, given: Partial<Presentation> = {}, hash = ''): Promise<Page> {
    return this.openHtml(writeHtml(transcript, presentationOf({ audioUrl: 'audio.wav', ...given })), hash);
  }

  async openHtml(html: string, hash = '', prepare?: (page: Page) => Promise<void>): Promise<Page> {
    this.html = html;
    return this.openAddress(`${this.address}/page.html${hash}`, prepare);
  }

  async openAddress(address: string, prepare?: (page: Page) => Promise<void>): Promise<Page> {
    this.faults.length = 0;
    const page = await this.browser.newPage();
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.on('console', (message) => {
      // Chromium's own line about audio that is not there, which a test wants to be so.
      if (!message.text().includes('404')) this.faults.push(message.text());
    });
    const own = [new URL('.', address).href, 'data:', 'blob:'];
    page.on('request', (request) => {
      const known = own.some((start) => request.url().startsWith(start)) && !request.url().endsWith('.ico');
      if (!known) this.faults.push(`request of ${request.url()}`);
    });
    await prepare?.(page);
    await page.goto(address);
    return page;
  }

  private answer({ url, headers }: IncomingMessage, response: ServerResponse): void {
    const path = url?.split('?')[0];
    if (path === '/page.html') response.setHeader('Content-Type', 'text/html').end(this.html);
    else if (path === '/audio.wav') ranged(AUDIO, headers.range, response);
    else response.writeHead(404).end();
  }
}

const AUDIO = wav(60);

/** Browsers seek only in what comes in ranges. */
function ranged(body: Buffer, range: string | undefined, response: ServerResponse): void {
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const end = last === '' ? body.length - 1 : Number(last);
  response.writeHead(range === undefined ? 200 : 206, {
    'Content-Type': 'audio/wav',
    'Accept-Ranges': 'bytes',
    'Content-Length': end + 1 - Number(first),
    ...(range === undefined ? {} : { 'Content-Range': `bytes ${first}-${end}/${body.length}` }),
  });
  response.end(body.subarray(Number(first), end + 1));
}

/** Seconds at which the audio is. */
export const moment = (page: Page): Promise<number> => page.$eval('audio', (audio) => audio.currentTime);

/** The cue that is marked as spoken. */
export const spokenCue = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => document.querySelector('[aria-current]')?.textContent);

/** The texts that are marked with a style. */
export const marked = (page: Page, name: string): Promise<string[]> =>
  page.evaluate((style) => {
    return Array.from(CSS.highlights.get(style) ?? [], (found) => {
      const range = new Range();
      range.setStart(found.startContainer, found.startOffset);
      range.setEnd(found.endContainer, found.endOffset);
      return range.toString();
    });
  }, name);

/** Clicks into the middle of the first such text on the page. */
export async function clickText(page: Page, text: string): Promise<void> {
  const place = await page.evaluate((wanted) => {
    const walker = document.createTreeWalker(document.querySelector('main') ?? document, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.textContent?.indexOf(wanted) ?? -1;
      if (at === -1) continue;
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      const { x, y, width, height } = range.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    }
    throw new Error(`The page has no ${wanted}`);
  }, text);
  await page.mouse.click(place.x, place.y);
}
