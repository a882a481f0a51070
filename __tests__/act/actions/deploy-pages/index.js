// What actions/deploy-pages asks for before it tells GitHub Pages: the artifact `github-pages`, once, and a token of the job.
const { appendFileSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const { ACTIONS_ID_TOKEN_REQUEST_TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL, GITHUB_OUTPUT, LIBRARIES } = process.env;

async function deploy() {
  const library = pathToFileURL(join(LIBRARIES, '@actions', 'artifact', 'lib', 'artifact.js'));
  const { default: client } = await import(library);
  const { artifacts } = await client.listArtifacts();
  const found = artifacts.filter(({ name }) => name === 'github-pages');
  if (found.length !== 1) throw new Error(`${found.length} artifacts are called github-pages`);
  const headers = { authorization: `Bearer ${ACTIONS_ID_TOKEN_REQUEST_TOKEN}` };
  const answer = await fetch(ACTIONS_ID_TOKEN_REQUEST_URL, { headers });
  if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
  appendFileSync(GITHUB_OUTPUT, 'page_url=https://someone.github.io/podcast/\n');
}
deploy().catch((error) => {
  console.log(`::error::${error.message}`);
  process.exitCode = 1;
});
