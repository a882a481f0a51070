import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { shipped } from '../../shipped.js';

/** What every page carries along: its style and its script, and the policy that allows these two and no other. */
export interface PageAssets {
  style: string;
  script: string;
  /** For `Content-Security-Policy`. */
  policy: string;
}

const STYLES = ['page.css', 'player.css', 'text.css', 'keys.css', 'screens.css'];
/** One after the other they are the page's script: each uses what those before it declare. */
const SCRIPTS = ['cues.js', 'player.js', 'follow.js', 'search.js', 'page.js'];

let assets: PageAssets | undefined;

/** Read when the first page is written, and kept: most runs write none, and start sooner for it. */
export function pageAssets(): PageAssets {
  assets ??= readAssets();
  return assets;
}

function readAssets(): PageAssets {
  const read = (name: string) => readFileSync(shipped('assets', 'page', name), 'utf8');
  const style = STYLES.map(read).join('\n');
  const script = SCRIPTS.map(read).join('\n');
  const policy = [
    "default-src 'none'",
    `script-src ${source(script)}`,
    `style-src ${source(style)}`,
    'img-src data:',
    // Audio beside the page or on any host; blob: is a file that the reader opened.
    "media-src 'self' https: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return { style, script, policy };
}

const source = (content: string): string => `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
