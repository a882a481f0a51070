// Proves that dist/ is exactly what src/ builds, that no module is missing from it, and that it starts.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const built = await mkdtemp(join(tmpdir(), 'check-dist-'));
try {
  execFileSync(process.execPath, [join(root, 'script', 'build.mjs'), built], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await compare(join(root, 'dist'), built);
  await starts();
} finally {
  await rm(built, { recursive: true, force: true });
}

async function compare(committed: string, built: string): Promise<void> {
  const names = new Set([...(await readdir(committed)), ...(await readdir(built))]);
  for (const name of names) {
    const [ours, fresh] = await Promise.all([read(join(committed, name)), read(join(built, name))]);
    if (ours === undefined || fresh === undefined || !ours.equals(fresh)) {
      fail(`dist/${name} is not what src/ builds. Run: npm run build, and commit dist/.`);
    }
    // ncc exits with 0 when it can't resolve an import, and writes this call in its place.
    if (fresh?.includes('webpackMissingModule')) fail(`dist/${name} lacks a module (webpackMissingModule).`);
  }
}

/** Undefined when there is no such file. */
function read(file: string): Promise<Buffer | undefined> {
  return readFile(file).catch(() => undefined);
}

/** Without any input the bundle must get as far as refusing them. */
async function starts(): Promise<void> {
  const step = spawnSync(process.execPath, [join(root, 'dist', 'index.js')], {
    env: { PATH: process.env['PATH'] },
    encoding: 'utf8',
  });
  if (step.status !== 1 || !step.stdout.includes('::error::Input mode is empty')) {
    fail(`dist/index.js does not start:\n${step.stdout}${step.stderr}`);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
