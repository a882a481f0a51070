// script/bench [name ...] [--json]: runs the benchmarks and prints a line a figure.
//   transcribe: [--files N] of the large case, for a shorter run than that of its 10,000.
//   container: [--device cpu|cuda] [--model DIR] [--audio DIR] [--runs N] [--modes LIST]; DIR of --audio: recordings, each
//   with its text in a .txt of the same name and its language as the name's first two letters. Then only those are
//   measured. LIST: with commas, some of article, sequential, batched and ours; the first two are slow.
import { parseArgs } from 'node:util';
import { container } from './container.ts';
import { deploy } from './deploy.ts';
import { BenchError, type Figure } from './figure.ts';
import { page } from './page.ts';
import { podcast } from './podcast.ts';
import { bundleSize, start } from './start.ts';
import { transcribe } from './transcribe.ts';

const { positionals: named, values } = given();

const benches: Record<string, () => Promise<Figure[]> | AsyncIterable<Figure>> = {
  start: async () => [...(await start()), await bundleSize()],
  deploy,
  transcribe: () => transcribe(Number(values.files)),
  podcast,
  page,
  container: () => container(values),
};

const unknown = named.filter((name) => !(name in benches));
if (unknown.length > 0) {
  refuse(`No benchmark is called ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`);
}

let missed = 0;
try {
  for (const name of named.length > 0 ? named : Object.keys(benches)) await measure(name);
  process.exitCode = missed > 0 ? 1 : 0;
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  refuse(error.message);
}

/** Prints each figure as soon as it is known. */
async function measure(name: string): Promise<void> {
  const figures = benches[name]?.() ?? [];
  for await (const figure of figures instanceof Promise ? await figures : figures) {
    if (figure.ok === false) missed += 1;
    console.log(values.json ? JSON.stringify(figure) : line(figure));
  }
}

function given() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        files: { type: 'string', default: '10000' },
        device: { type: 'string', default: 'cpu' },
        model: { type: 'string' },
        audio: { type: 'string' },
        runs: { type: 'string', default: '3' },
        modes: { type: 'string' },
      },
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(why: string): never {
  if (why) console.error(why);
  process.exit(2);
}

function line(figure: Figure): string {
  const limit = `at ${figure.lowest ? 'least' : 'most'} ${figure.bar}`;
  const bar = figure.bar === undefined ? '' : `  (${limit}: ${figure.ok ? 'met' : 'MISSED'})`;
  return `${figure.bench} ${figure.case} ${figure.metric}: ${figure.value} ${figure.unit}${bar}`;
}
