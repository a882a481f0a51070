import { describe, expect, test } from '@jest/globals';
import { push } from '../../../src/git/push.js';

const target = { remote: 'origin', ref: 'refs/heads/main', lease: 'ba5e' };
const refused = (stdout: string, stderr: string) => push(async () => ({ code: 1, stdout, stderr }), target, 'c0ffee');
const report = (words: string) => `To https://github.com/o/r\n!\tc0ffee:refs/heads/main\t${words}\nDone\n`;

describe('what git and GitHub say when a push does not get through', () => {
  test.each([
    ['[rejected] (fetch first)'],
    ['[rejected] (non-fast-forward)'],
    ["[remote rejected] (cannot lock ref 'refs/heads/main': is at aaaa but expected bbbb)"],
    ['[remote rejected] (incorrect old value provided)'],
  ])('%s: somebody was faster', async (words) => {
    expect(await refused(report(words), 'error: failed to push some refs')).toMatchObject({ state: 'moved' });
  });

  test('a protected branch is the end, with what to do', async () => {
    const said = 'remote: error: GH006: Protected branch update failed for refs/heads/main.\n';
    const push = refused(report('[remote rejected] (protected branch hook declined)'), said);
    await expect(push).rejects.toMatchObject({
      message: expect.stringContaining('GH006'),
      remedy: expect.stringContaining('github-actions[bot]'),
    });
  });

  test('rules of a repository are the end as well, however many there are', async () => {
    const said = `remote: error: GH013: Repository rule violations found for refs/heads/main.\n${'remote: - a rule\n'.repeat(12)}`;
    const push = refused(report('[remote rejected] (push declined due to repository rule violations)'), said);
    await expect(push).rejects.toMatchObject({ remedy: expect.stringContaining('github-actions[bot]') });
  });

  test.each([
    [
      "remote: Permission to o/r.git denied to github-actions[bot].\nfatal: unable to access 'https://x-access-token:ghs_secret@github.com/o/r/': The requested URL returned error: 403",
    ],
    ["fatal: could not read Username for 'https://github.com': terminal prompts disabled"],
    ['git@github.com: Permission denied (publickey).'],
  ])('no permission is never tried again: %s', async (said) => {
    const error = await refused('', said).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ remedy: expect.stringContaining('contents: write') });
    expect(String(error)).not.toContain('ghs_secret');
  });

  test.each([
    ["fatal: unable to access 'https://github.com/o/r/': Could not resolve host: github.com"],
    ['error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502'],
    ['fatal: the remote end hung up unexpectedly'],
  ])('a network that fails is tried again: %s', async (said) => {
    expect(await refused('', said)).toMatchObject({ state: 'unreachable' });
  });
});
