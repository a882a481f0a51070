// What actions/checkout does, with real git and the served remote: one commit, its branch or, of a pull request, none.
// Source: actions/checkout v6, git-source-provider.ts and ref-helper.ts.
const { execFileSync } = require('node:child_process');

const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_REF, GITHUB_SHA, GITHUB_WORKSPACE } = process.env;
const input = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? '';

const known = ['REF', 'TOKEN', 'LFS', 'PERSIST-CREDENTIALS'];
const given = Object.keys(process.env).filter((name) => name.startsWith('INPUT_'));
const unknown = given.filter((name) => !known.includes(name.slice('INPUT_'.length)));
if (unknown.length > 0) throw new Error(`this checkout does not know ${unknown.join(', ')}`);
if (input('persist-credentials') !== 'false') throw new Error('this checkout leaves no credentials behind');
if (input('lfs') === 'true') console.log('::warning::This checkout fetches nothing from LFS.');

// As checkout does: the token is in git's environment, for this server only, and not in the repository.
const basic = Buffer.from(`x-access-token:${input('token')}`).toString('base64');
console.log(`::add-mask::${basic}`);
const credentials = {
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: `http.${GITHUB_SERVER_URL}/.extraheader`,
  GIT_CONFIG_VALUE_0: `AUTHORIZATION: basic ${basic}`,
  GIT_TERMINAL_PROMPT: '0',
};
const git = (...args) =>
  execFileSync('git', ['-C', GITHUB_WORKSPACE, ...args], { env: { ...process.env, ...credentials }, stdio: 'inherit' });

const ref = input('ref') === '' ? GITHUB_REF : `refs/heads/${input('ref')}`;
const [, kind, name] = /^refs\/(heads|pull)\/(.+)$/.exec(ref) ?? [];
if (kind === undefined) throw new Error(`this checkout knows branches and pull requests, found ${ref}`);
const tracked = kind === 'heads' ? `refs/remotes/origin/${name}` : `refs/remotes/pull/${name}`;
git('init', '--quiet');
git('remote', 'add', 'origin', `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`);
git('fetch', '--quiet', '--no-tags', '--depth=1', 'origin', `+${input('ref') === '' ? GITHUB_SHA : ref}:${tracked}`);
if (kind === 'heads') git('checkout', '--quiet', '--force', '-B', name, tracked);
else git('checkout', '--quiet', '--force', '--detach', tracked);
