// How well and how fast the container transcribes, next to the stock modes of the library that it uses: container/bench/
// measures in a Python of the container's own packages. Without recordings of the caller's also its memory and its image.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../script/lib/local-aws.ts';
import { virtualEnvironment } from '../script/lib/local-part.ts';
import { root } from '../script/lib/runner.ts';
import { containerImage } from './container-image.ts';
import { BenchError, type Figure } from './figure.ts';

export interface ContainerBench {
  /** cpu or cuda. */
  device: string;
  /** A folder of CTranslate2 weights; base without it. */
  model?: string | undefined;
  /** A folder of recordings with their texts; the built set without it. */
  audio?: string | undefined;
  /** Of each recording in each mode. */
  runs: string;
  /** With commas; all without it. */
  modes?: string | undefined;
}

const programs = join(root, 'container', 'bench');

/** Figures as soon as they are known. Throws BenchError for what can't be measured. */
export async function* container(given: ContainerBench): AsyncGenerator<Figure> {
  await check(given);
  const { device, model, audio, runs, modes } = given;
  const packages = device === 'cuda' ? 'bench-cuda' : 'test';
  const python = await virtualEnvironment(`container-${packages}`, `container/requirements/${packages}.txt`);
  const weights = async (name: string) => (await run(python, ['-m', 'local.weights', name], false)).trim();
  const measure = (program: string, ...args: string[]) =>
    measured(python, [join(programs, program), ...args, '--device', device]);
  const how = ['--model', model ? resolve(model) : await weights('base'), '--runs', runs];
  if (modes) how.push('--modes', modes);
  // The measuring programs run in the repository's root.
  const folder = audio ? resolve(audio) : await builtSpeech(python);
  yield* measure('compare.py', ...how, '--audio', folder);
  if (audio) return;
  const small = await weights('tiny.en');
  yield* measure('memory.py', join(folder, 'en-1.mp3'), '--model', small);
  yield* await containerImage(small);
}

/** What can be seen before packages are fetched, which takes minutes the first time. */
async function check({ device, model, audio, runs }: ContainerBench): Promise<void> {
  const is = (path: string) => stat(path).catch(() => undefined);
  if (device !== 'cpu' && device !== 'cuda') throw new BenchError(`--device is cpu or cuda, found ${device}.`);
  // WSL has the other one.
  if (device === 'cuda' && !(await is('/dev/nvidiactl')) && !(await is('/dev/dxg'))) {
    throw new BenchError('--device cuda: this machine has no NVIDIA GPU, or its driver is missing.');
  }
  if (!/^[1-9]\d{0,3}$/.test(runs)) throw new BenchError(`--runs is a whole number from 1, found ${runs}.`);
  for (const [name, folder] of Object.entries({ model, audio })) {
    if (folder !== undefined && !(await is(folder))?.isDirectory()) {
      throw new BenchError(`--${name}: there is no folder ${resolve(folder)}.`);
    }
  }
}

/** The figures that a measuring program prints, a JSON object a line. Its progress and its problems are the caller's. */
async function* measured(python: string, args: string[]): AsyncGenerator<Figure> {
  const child = spawn(python, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Figure;
  const [code, signal] = await ended;
  // It has said why.
  if (code === 2) throw new BenchError('');
  if (code !== 0) throw new BenchError(`${args[0]} ended with ${signal ?? code}; its last lines are above.`);
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
