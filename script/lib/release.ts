// script/release stamp VERSION | check
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stamped, unstamped, VERSION } from './stamps.ts';
import { SPECS } from './workflow-inputs.ts';

const root = join(import.meta.dirname, '..', '..');

/** Every file that names the version. */
export async function releaseFiles(): Promise<Map<string, string>> {
  const markdown = async (folder: string) =>
    (await readdir(join(root, folder))).filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`);
  const examples = (await readdir(join(root, 'examples/workflows'))).map((name) => `examples/workflows/${name}`);
  const paths = [
    ...['package.json', 'package-lock.json', 'README.md'],
    ...Object.keys(SPECS).map((name) => `.github/workflows/${name}.yml`),
    ...examples,
    ...(await markdown('docs')),
  ];
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(root, path), 'utf8')] as const)),
  );
}

if (import.meta.main) {
  const [command, version = ''] = process.argv.slice(2);
  const files = await releaseFiles();
  if (command === 'stamp' && VERSION.test(version)) {
    for (const [path, text] of stamped(files, version))
      if (text !== files.get(path)) await writeFile(join(root, path), text);
  } else if (command === 'check') {
    const problems = unstamped(files);
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) {
      console.error('Run: script/release stamp VERSION');
      process.exit(1);
    }
    console.log((JSON.parse(files.get('package.json') ?? '{}') as { version: string }).version);
  } else {
    console.error('script/release stamp x.y.z, or script/release check');
    process.exit(2);
  }
}
