// How well and how fast the container transcribes, next to the stock modes of the library that it uses: container/bench/
// measures in a Python of the container's own packages. Without recordings of the caller's also its memory and its image.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from '../script/lib/local-aws.ts';
import { virtualEnvironment } from '../script/lib/local-part.ts';
import { root } from '../script/lib/runner.ts';
import { containerImage } from './container-image.ts';
import type { Figure } from './figure.ts';

export interface ContainerBench {
  /** cpu or cuda. */
  device: string;
  /** A folder of CTranslate2 weights; base without it. */
  model?: string | undefined;
  /** A folder of recordings with their texts; the built set without it. */
  audio?: string | undefined;
  /** Of each recording in each mode. */
  runs: string;
}

const programs = join(root, 'container', 'bench');

export async function container({ device, model, audio, runs }: ContainerBench): Promise<Figure[]> {
  const packages = device === 'cuda' ? 'bench-cuda' : 'test';
  const python = await virtualEnvironment(`container-${packages}`, `container/requirements/${packages}.txt`);
  const weights = async (name: string) => (await run(python, ['-m', 'local.weights', name], false)).trim();
  const measure = async (program: string, ...args: string[]) =>
    (await run(python, [join(programs, program), ...args, '--device', device], false))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Figure);
  const way = ['--model', model ? resolve(model) : await weights('base')];
  // The measuring programs run in the repository's root.
  if (audio) return measure('compare.py', ...way, '--audio', resolve(audio), '--runs', runs);
  const folder = await builtSpeech(python);
  const small = await weights('tiny.en');
  return [
    ...(await measure('compare.py', ...way, '--audio', folder, '--runs', runs)),
    ...(await measure('memory.py', join(folder, 'en-1.mp3'), '--model', small)),
    ...(await containerImage(small)),
  ];
}

/** The folder of the built recordings, in the cache under a hash of what builds them. */
async function builtSpeech(python: string): Promise<string> {
  const hash = createHash('sha256');
  for (const program of ['speech.py', 'japanese.py', 'sound.py']) hash.update(await readFile(join(programs, program)));
  const cache = (await run('bash', ['-c', 'source script/lib/venv.sh && whisper_cache'], false)).trim();
  const folder = join(cache, 'bench', `speech-${hash.digest('hex').slice(0, 12)}`);
  const there = await stat(folder).catch(() => undefined);
  if (!there) await run(python, [join(programs, 'speech.py'), folder], false);
  return folder;
}
