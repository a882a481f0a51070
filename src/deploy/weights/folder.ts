import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import { isLfsPointer } from '../../git/lfs.js';
import { contentHash } from '../content-hash.js';
import { sha256OfFile } from '../image-source.js';
import { isNeeded, requireModel, type WeightFile, type Weights } from './model-files.js';
import { verified } from './verified.js';

/**
 * The weights in a folder of this machine.
 * @param path absolute, below the home folder (`~/…`), or relative to the workspace, which the runner starts actions in
 */
export async function folderWeights(path: string): Promise<Weights> {
  const folder = resolve(path.replace(/^~(?=\/|$)/, homedir()));
  const files = await filesOf(folder, path);
  const revision = contentHash(files);
  return {
    name: basename(folder),
    revision,
    key: revision,
    package: 'prefix',
    files,
    open: (file) => verified(createReadStream(join(folder, file.name), { highWaterMark: 1 << 20 }), file),
  };
}

async function filesOf(folder: string, path: string): Promise<WeightFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      `The model's folder ${path} cannot be read (${error.code}): looked for ${folder}.`,
      'Give a folder of the workspace, such as `./weights`; a model on the hub is `owner/name`, without a dot in front.',
      { cause: error },
    );
  });
  requireModel(names, `The folder ${path}`);
  const files: WeightFile[] = [];
  // One after the other: each is read from the same disk.
  for (const name of names.filter(isNeeded).sort()) {
    const file = join(folder, name);
    if (await isLfsPointer(file)) {
      throw new UserError(
        `${join(path, name)} is a Git LFS pointer, not the file itself.`,
        'Set `lfs: true` for actions/checkout.',
      );
    }
    files.push({ name, size: (await stat(file)).size, id: await sha256OfFile(file) });
  }
  return files;
}
