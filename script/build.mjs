// Builds dist/ from src/: tsc compiles (TypeScript 7 has no JavaScript API for ncc to call), ncc bundles, swc minifies.
// The folder is removed first, so that a chunk that no longer exists does not stay. `build.mjs FOLDER` builds elsewhere.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { minifySync } from '@swc/core';

const root = join(import.meta.dirname, '..');
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
const run = (tool, ...args) =>
  execFileSync(process.execPath, [join(root, 'node_modules', tool), ...args], { cwd: root, stdio: 'inherit' });

for (const folder of [join(root, 'lib'), dist]) rmSync(folder, { recursive: true, force: true });
run('typescript/bin/tsc', '-p', 'tsconfig.build.json');
run(
  '@vercel/ncc/dist/ncc/cli.js',
  'build',
  'lib/main.js',
  '-o',
  dist,
  '--license',
  'licenses.txt',
  '--no-cache',
  '--quiet',
);

// The step's post has a file of its own: started as the post, the main one would run a second time, were the state lost.
writeFileSync(join(dist, 'post.js'), "if (process.env.STATE_journal !== undefined) await import('./index.js');\n");

// ncc's own --minify leaves the chunks of dynamic imports as they are, and parsing them is most of a step's start.
// Names stay: the AWS SDK and this action tell errors apart by them.
for (const name of readdirSync(dist).filter((file) => file.endsWith('.js'))) {
  const { code } = minifySync(readFileSync(join(dist, name), 'utf8'), {
    module: true,
    compress: { ecma: 2020, keep_classnames: true, keep_fnames: true },
    mangle: { keep_classnames: true, keep_fnames: true },
    format: { comments: false },
  });
  writeFileSync(join(dist, name), code);
}
