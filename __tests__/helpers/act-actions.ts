import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../script/lib/runner.ts';
import { writeFiles } from './workspace.ts';

const WORKFLOWS = join(root, '.github', 'workflows');
const EXAMPLES = join(root, 'examples', 'workflows');
/** Actions that cannot be had without the internet; each of these stands for one. */
const STUBS = join(root, '__tests__', 'act', 'actions');
/** Of the keys of a job, act 0.2.89 does not know this one. */
const UNKNOWN_TO_ACT = /^ *queue: max\n/gm;

/**
 * Folders of the actions and workflows that the examples name, each by `owner/name@ref`. Ours is this checkout, with two
 * things changed: the line `queue: max` is taken out, and its container is `image`, which needs no build.
 */
export async function actionFolders(folder: string, image: string): Promise<Record<string, string>> {
  const own = join(folder, 'whisper-sagemaker');
  await mkdir(own);
  for (const name of ['action.yml', 'package.json', 'dist', 'assets']) {
    await cp(join(root, name), join(own, name), { recursive: true });
  }
  await writeFiles(own, {
    'container/Dockerfile': `ARG BASE_IMAGE\nFROM ${image}\n`,
    'container/.dockerignore': '*\n',
    'container/TRANSCRIBER': await readFile(join(root, 'container', 'TRANSCRIBER')),
  });
  const texts: string[] = [];
  for (const [from, name] of await workflowFiles()) {
    const text = await readFile(join(from, name), 'utf8');
    texts.push(text);
    if (from === WORKFLOWS) await writeFiles(own, { [`.github/workflows/${name}`]: text.replace(UNKNOWN_TO_ACT, '') });
  }
  const used = new Set(texts.join('\n').match(/(?<=uses: )[\w-]+\/[\w./-]+@\S+/g));
  const stubs = await readdir(STUBS);
  return Object.fromEntries(
    [...used].flatMap((use) => {
      const [, repository = '', owner, name = '', ref] = /^((.+?)\/([^/@]+))(?:\/[^@]*)?@(.+)$/.exec(use) ?? [];
      if (repository === 'org/whisper-sagemaker') return [[`${repository}@${ref}`, own]];
      return owner === 'actions' && stubs.includes(name) ? [[`${repository}@${ref}`, join(STUBS, name)]] : [];
    }),
  );
}

/** The files of examples/workflows/, unchanged, as they lie in a repository. */
export async function exampleWorkflows(): Promise<Record<string, string>> {
  const names = await readdir(EXAMPLES);
  const texts = await Promise.all(names.map((name) => readFile(join(EXAMPLES, name), 'utf8')));
  return Object.fromEntries(names.map((name, index) => [`.github/workflows/${name}`, texts[index] ?? '']));
}

async function workflowFiles(): Promise<[folder: string, name: string][]> {
  const lists = [WORKFLOWS, EXAMPLES].map(async (folder) =>
    (await readdir(folder)).map((name): [string, string] => [folder, name]),
  );
  return (await Promise.all(lists)).flat();
}
