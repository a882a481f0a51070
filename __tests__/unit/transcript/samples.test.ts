import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { cueRules } from '../../../src/transcript/cue-rules.js';
import { extensions, type Format, writers } from '../../../src/transcript/formats.js';
import { parseTranscript } from '../../../src/transcript/transcript.js';
import { presentationOf } from '../../helpers/spoken.js';

const folder = join(import.meta.dirname, '../../../docs/samples');
const formats = Object.entries(extensions) as [Format, string][];

/** What docs/formats.md shows is what a run would write for the JSON beside it. */
test.each(readdirSync(folder))('docs/samples/%s is as its writer writes it', (file) => {
  const [title = '', ...extension] = file.split('.');
  const [format] = formats.find(([, ending]) => ending === extension.join('.')) ?? [];
  if (format === undefined) throw new Error(`${file} is of no format`);
  const transcript = parseTranscript(readFileSync(join(folder, `${title}.json`), 'utf8'));
  const presentation = presentationOf({
    title,
    audioUrl: `../audio/${title}.mp3`,
    cues: cueRules('auto', transcript.language),
    speakers: ['Anna', 'Bob'],
  });
  expect(writers[format](transcript, presentation)).toBe(readFileSync(join(folder, file), 'utf8'));
});
