import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './local-aws.ts';
import { root } from './runner.ts';

/** The recordings of examples/speech/, by their names without an extension. */
export const SPEECH = ['ask-not', 'sense-and-sensibility'];

/** Clones an empty remote into `folder`, with the recordings in audio/, pushed: what a user's checkout looks like. */
export async function podcastRepository(remote: string, folder: string): Promise<void> {
  const git = (...args: string[]) => run('git', args, true, folder);
  await run('git', ['clone', '--quiet', remote, folder]);
  for (const name of SPEECH) {
    await cp(join(root, 'examples', 'speech', `${name}.mp3`), join(folder, 'audio', `${name}.mp3`));
  }
  await git('checkout', '--quiet', '-B', 'main');
  await git('add', 'audio');
  const author = ['-c', 'user.name=A podcaster', '-c', 'user.email=podcaster@example.com'];
  await git(...author, 'commit', '--quiet', '-m', 'Add two episodes');
  await git('push', '--quiet', '-u', 'origin', 'main');
}
