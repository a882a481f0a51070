import { expect, test } from '@jest/globals';
import { releaseFiles } from '../../script/lib/release.ts';
import { stamped, unstamped } from '../../script/lib/stamps.ts';

const CALLED = '.github/workflows/transcribe.yml';
const files = await releaseFiles();
const edited = (path: string, edit: (text: string) => string) =>
  new Map([...files, [path, edit(files.get(path) ?? '')] as const]);

test('the version of package.json stands wherever a release is named', () => {
  expect(unstamped(files)).toEqual([]);
});

test('a stamp reaches them all, the examples when the major version changes, and can be stamped over', () => {
  const next = stamped(files, '2.3.4');
  expect(unstamped(next)).toEqual([]);
  expect(next.get(CALLED)).toContain('uses: org/whisper-sagemaker@v2.3.4\n');
  expect(next.get('examples/workflows/transcribe.yml')).toContain('/.github/workflows/transcribe.yml@v2\n');
  expect(next.get('README.md')).toContain('uses: org/whisper-sagemaker@v2\n');
  const lock = JSON.parse(next.get('package-lock.json') ?? '') as { version: string; packages: { '': object } };
  expect(lock).toMatchObject({ version: '2.3.4', packages: { '': { version: '2.3.4' } } });
  // What other packages have is theirs.
  const { version } = JSON.parse(files.get('package.json') ?? '') as { version: string };
  expect(stamped(next, version)).toEqual(files);
});

test.each([
  ['another release', (text: string) => text.replace(/@v\d+\.\d+\.\d+/, '@v9.9.9'), 'has not the version'],
  ['a branch', (text: string) => text.replace(/@v\d+\.\d+\.\d+/, '@main'), 'has not the version'],
  ['the checkout of the caller', (text: string) => text.replace(/org\/whisper-sagemaker@\S+/, './'), 'by ./ or $/'],
  ['what GHES does not know', (text: string) => text.replace(/org\/whisper-sagemaker@\S+/, '$/'), 'by ./ or $/'],
])('a reusable workflow that names %s is found', (_, edit, problem) => {
  expect(unstamped(edited(CALLED, edit))).toContainEqual(expect.stringContaining(problem));
});

test('a lock file of another version is found', () => {
  const problems = unstamped(
    edited('package-lock.json', (text) => text.replace(/"version": "[^"]+"/, '"version": "9.9.9"')),
  );
  expect(problems).toEqual([expect.stringContaining('package-lock.json has not the version')]);
});
