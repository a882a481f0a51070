import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { cueRules } from '../../../src/transcript/cue-rules.js';
import { writers } from '../../../src/transcript/formats.js';
import { parseTranscript } from '../../../src/transcript/transcript.js';
import { presentationOf } from '../../helpers/spoken.js';

const folder = join(import.meta.dirname, '../../../examples/page');
const name = 'sense-and-sensibility';
const page = join(folder, `${name}.html`);

/** `UPDATE_EXAMPLE=1` writes it anew, after a change of the page. */
test('the page in examples/ is what a run writes of the transcript beside it, and its audio is there', () => {
  const transcript = parseTranscript(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const audioUrl = `../speech/${name}.mp3`;
  expect(existsSync(join(folder, audioUrl))).toBe(true);
  const presentation = presentationOf({ title: name, audioUrl, cues: cueRules('auto', transcript.language) });
  const written = writers.html(transcript, presentation);
  if (process.env['UPDATE_EXAMPLE'] === '1') writeFileSync(page, written);
  expect(readFileSync(page, 'utf8')).toBe(written);
});
