// Builds dist/ from src/: tsc compiles (TypeScript 7 has no JavaScript API for ncc to call), then ncc bundles.
// dist/ is removed first, so that a chunk that no longer exists does not stay.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const run = (tool, ...args) =>
  execFileSync(process.execPath, [join(root, 'node_modules', tool), ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

for (const dir of ['lib', 'dist']) rmSync(join(root, dir), { recursive: true, force: true });
run('typescript/bin/tsc', '-p', 'tsconfig.build.json');
run('@vercel/ncc/dist/ncc/cli.js', 'build', 'lib/main.js', '-o', 'dist', '--license', 'licenses.txt', '--minify', '--target', 'es2022', '--no-cache', '--quiet');
