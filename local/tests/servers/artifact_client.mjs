// Uploads a folder with the real @actions/artifact, lists, gets and downloads it, and prints what came back as JSON.
// Arguments: folder to upload, folder to download into.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultArtifactClient } from '@actions/artifact';

const [source, target] = process.argv.slice(2);
const client = new DefaultArtifactClient();
const files = readdirSync(source).map((name) => join(source, name));
const uploaded = await client.uploadArtifact('transcripts', files, source);
const { artifacts } = await client.listArtifacts();
const { artifact } = await client.getArtifact('transcripts');
const download = await client.downloadArtifact(artifact.id, { path: target, expectedHash: artifact.digest });
const again = await client.uploadArtifact('transcripts', files, source).catch((error) => error.message);
console.log(`\n${JSON.stringify({ uploaded, artifacts, artifact, download, again })}`);
