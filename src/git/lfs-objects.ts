import { UserError } from '../errors.js';
import type { Git } from './git.js';
import { must } from './git.js';
import { isDenied, PushRefused } from './push.js';

/**
 * Uploads the files that Git LFS keeps beside a commit. `git add` has run them through LFS's filter, but the hook that
 * sends them with a push is there only after actions/checkout with `lfs: true`; without them the server refuses it.
 * @param paths that the commit changes
 * @throws PushRefused without the permission, UserError when they cannot be sent
 */
export async function uploadLfsObjects(
  git: Git,
  remote: string,
  commit: string,
  paths: readonly string[],
): Promise<void> {
  const list = paths.map((path) => `${path}\0`).join('');
  const attributes = await must(git, ['check-attr', '-z', '--stdin', 'filter'], {}, list);
  // Path, attribute and value, over and over.
  if (!attributes.split('\0').some((value, index) => index % 3 === 2 && value === 'lfs')) return;
  // Without a filter git has added the files as they are.
  if ((await git(['config', '--get-regexp', '^filter\\.lfs\\.(process|clean)$'])).code !== 0) return;
  const { code, stdout, stderr } = await git(['lfs', 'push', remote, commit]);
  if (code === 0) return;
  const said = (stderr.trim() || stdout.trim())
    .replace(/\/\/[^/@\s]+@/g, '//')
    .replace(/\s+/g, ' ')
    .slice(-500);
  if (isDenied(said)) {
    throw new PushRefused(
      'permission',
      `No permission to upload to Git LFS: ${said}`,
      'Give the job permissions: contents: write.',
    );
  }
  throw new UserError(
    `The transcripts, which .gitattributes gives to Git LFS, could not be uploaded there: ${said}`,
    'Run the step again, or take the transcripts out of Git LFS: a line `transcripts/** !filter !diff !merge text` at the end of .gitattributes.',
  );
}
