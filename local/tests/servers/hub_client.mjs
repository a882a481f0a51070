// Asks a hub with the real @huggingface/hub and prints what came back, as one JSON object.
// Arguments: hub's address, repository, token (may be empty), xet (true | false), file to download.
import { createHash } from 'node:crypto';
import { downloadFile, listFiles, modelInfo, pathsInfo } from '@huggingface/hub';

const [hubUrl, repo, accessToken, xet, path] = process.argv.slice(2);
const at = { hubUrl, accessToken: accessToken || undefined };
const result = {};
try {
  const { sha } = await modelInfo({ ...at, name: repo, revision: 'main', additionalFields: ['sha'] });
  result.commit = sha;
  result.files = [];
  for await (const entry of listFiles({ ...at, repo, revision: sha, recursive: true })) result.files.push(entry);
  result.paths = await pathsInfo({ ...at, repo, revision: sha, paths: [path] });
  const blob = await downloadFile({ ...at, repo, revision: sha, path, xet: xet === 'true' });
  if (blob !== null) {
    const content = Buffer.from(await blob.arrayBuffer());
    result.sha256 = createHash('sha256').update(content).digest('hex');
    result.middle = Buffer.from(await blob.slice(3, 8).arrayBuffer()).toString('latin1');
  }
} catch (error) {
  result.error = { status: error.statusCode, message: error.message };
}
console.log(JSON.stringify(result));
