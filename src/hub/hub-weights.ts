import type { HubApiError } from '@huggingface/hub';
import type { Context } from '../context.js';
import { contentHash } from '../deploy/content-hash.js';
import { verified } from '../deploy/weights/verified.js';
import { isNeeded, requireModel, type WeightFile, type Weights } from '../deploy/weights/weights.js';
import { UserError } from '../errors.js';
import type { ModelSource } from '../settings/deploy.js';
import { modelNames, repositoryOf } from './names.js';
import { patientFetch } from './patient-fetch.js';
import { resumed } from './resumed.js';

type HubModel = Extract<ModelSource, { kind: 'hub' }>;

/**
 * A model on the hub, at the commit that its branch or tag stands for now.
 * @throws UserError when there is no such model or revision, or the hub refuses
 */
export async function hubWeights(context: Context, model: HubModel): Promise<Weights> {
  const name = repositoryOf(model.name);
  if (name === undefined) {
    throw new UserError(
      `Input model: "${model.name}" is not a model that this action knows.`,
      `Take one of ${modelNames.join(', ')}, a repository on the hub (\`owner/name\`), a folder (\`./weights\`) or \`s3://bucket/prefix/\`.`,
    );
  }
  if (model.token !== undefined) context.log.mask(model.token);
  const hub = await import('@huggingface/hub');
  const at = { hubUrl: model.url, fetch: patientFetch(model, context) };
  const where = `${model.url}/${name} (${model.revision})`;
  const { commit, files } = await explained(where, async () => {
    const { sha } = await hub.modelInfo({ ...at, name, revision: model.revision, additionalFields: ['sha'] });
    return { commit: sha, files: await listed(hub.listFiles({ ...at, repo: name, revision: sha })) };
  });
  requireModel(files, `The repository ${where}`);
  context.log.info(`Model ${name} at commit ${commit}`);

  const repo = name;

  async function* open(file: WeightFile): AsyncGenerator<Uint8Array> {
    // Xet off: the plain file, whose SHA-256 the listing gives, and which every mirror serves.
    const blob = await explained(where, () =>
      hub.downloadFile({ ...at, repo, revision: commit, path: file.name, xet: false }),
    );
    if (blob === null) throw new UserError(`${where} lists ${file.name}, but does not have it.`, 'Run the step again.');
    yield* verified(resumed(blob, file.name, context), file);
  }
  return { name: model.name, revision: contentHash(files), files, open };
}

async function listed(
  entries: AsyncIterable<{
    type: string;
    path: string;
    size: number;
    oid?: string;
    lfs?: { oid: string; size: number };
  }>,
): Promise<WeightFile[]> {
  const files: WeightFile[] = [];
  for await (const { type, path, size, oid, lfs } of entries) {
    if (type !== 'file' || !isNeeded(path)) continue;
    files.push({ name: path, size: lfs?.size ?? size, id: lfs?.oid ?? oid ?? '' });
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function explained<T>(where: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw explain(where, error) ?? error;
  }
}

/** @returns undefined for what is not the hub's answer */
function explain(where: string, error: unknown): UserError | undefined {
  const { statusCode, message, name } = error as HubApiError;
  const options = { cause: error };
  switch (statusCode) {
    case 401:
    case 403:
      return new UserError(
        `The hub does not give access to ${where}: ${message}`,
        'Check the name. For a gated or private model accept its terms on the hub, and set `hub-token` to a token that may read it.',
        options,
      );
    case 404:
      return new UserError(`The hub has no ${where}: ${message}`, 'Check `model` and `model-revision`.', options);
    case undefined:
      return name === 'TypeError' && message === 'fetch failed'
        ? new UserError(
            `The hub could not be reached for ${where}: ${message}`,
            'Check `hub-url`, and that this runner can reach it. A model in a folder or in S3 needs no hub.',
            options,
          )
        : undefined;
    default:
      return new UserError(`The hub failed for ${where}: ${message}`, 'Run the step again later.', options);
  }
}
