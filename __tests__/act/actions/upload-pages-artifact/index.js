// What actions/upload-pages-artifact does: a tar of the folder, in the run's artifact `github-pages`.
const { execFileSync } = require('node:child_process');
const { mkdtempSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const { GITHUB_WORKSPACE, INPUT_PATH, LIBRARIES, RUNNER_TEMP } = process.env;

async function upload() {
  const folder = mkdtempSync(join(RUNNER_TEMP, 'pages-'));
  const archive = join(folder, 'artifact.tar');
  const excluded = ['--exclude=.git', '--exclude=.github'];
  execFileSync('tar', ['--dereference', '-cf', archive, '-C', join(GITHUB_WORKSPACE, INPUT_PATH), ...excluded, '.']);
  const library = pathToFileURL(join(LIBRARIES, '@actions', 'artifact', 'lib', 'artifact.js'));
  const { default: client } = await import(library);
  await client.uploadArtifact('github-pages', [archive], folder);
}
upload().catch((error) => {
  console.log(`::error::${error.message}`);
  process.exitCode = 1;
});
