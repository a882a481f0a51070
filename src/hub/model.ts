import type { HubApiError, ListFileEntry } from '@huggingface/hub';
import type { Context } from '../context.js';
import { UserError } from '../errors.js';
import { modelNames, repositoryOf } from './names.js';
import { patientFetch } from './patient-fetch.js';
import { resumed } from './resumed.js';

/** Which model, on which hub. */
export interface ModelReference {
  /** A well-known name, or `owner/name`. */
  name: string;
  /** Branch, tag or commit. */
  revision: string;
  /** Base address of the hub, without a slash at its end. */
  url: string;
  token: string | undefined;
}

export interface HubFile {
  name: string;
  /** Bytes. */
  size: number;
  /** SHA-256 of a file in LFS, git's object id of any other. */
  id: string;
}

/** A model's repository at one commit. */
export interface HubModel {
  /** Repository and revision, for people. */
  where: string;
  /** `owner/name`. */
  repository: string;
  /** 40 hex digits: the commit that all files are of, whatever becomes of the branch. */
  commit: string;
  files: HubFile[];
  /** The content of a file; what breaks off is taken up again. */
  open(name: string): AsyncIterable<Uint8Array>;
}

/**
 * Looks at a model on the hub, at the commit that its branch or tag stands for now.
 * @throws UserError when there is no such model or revision, or the hub refuses
 */
export async function findModel(context: Context, model: ModelReference): Promise<HubModel> {
  const repo = repositoryOf(model.name);
  if (repo === undefined) throw unknownName(model.name);
  if (model.token !== undefined) context.log.mask(model.token);
  const hub = await import('@huggingface/hub');
  const at = { hubUrl: model.url, fetch: patientFetch(model, context) };
  const where = `${model.url}/${repo} (${model.revision})`;
  const { commit, files } = await explained(where, async () => {
    const { sha } = await hub.modelInfo({ ...at, name: repo, revision: model.revision, additionalFields: ['sha'] });
    return { commit: sha, files: await listed(hub.listFiles({ ...at, repo, revision: sha })) };
  });
  context.log.info(`Model ${repo} at commit ${commit}`);
  return {
    where,
    repository: repo,
    commit,
    files,
    async *open(name) {
      // Xet off: the plain file, whose SHA-256 the listing gives, and which every mirror serves.
      const download = () => hub.downloadFile({ ...at, repo, revision: commit, path: name, xet: false });
      const blob = await explained(where, download);
      if (blob === null) throw new UserError(`${where} lists ${name}, but does not have it.`, 'Run the step again.');
      yield* resumed(blob, name, context);
    },
  };
}

async function listed(entries: AsyncIterable<ListFileEntry>): Promise<HubFile[]> {
  const files: HubFile[] = [];
  for await (const { type, path, size, oid, lfs } of entries) {
    if (type === 'file') files.push({ name: path, size: lfs?.size ?? size, id: lfs?.oid ?? oid ?? '' });
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
  const { statusCode, message, name, cause } = error as HubApiError;
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
            `The hub could not be reached for ${where}: ${(cause as Error | undefined)?.message ?? message}`,
            'Check `hub-url`, and that this runner can reach it. A model in a folder or in S3 needs no hub.',
            options,
          )
        : undefined;
    default:
      return new UserError(`The hub failed for ${where}: ${message}`, 'Run the step again later.', options);
  }
}

const unknownName = (name: string): UserError =>
  new UserError(
    `Input model: "${name}" is not a model that this action knows.`,
    `Take one of ${modelNames.join(', ')}, a repository on the hub (\`owner/name\`), a folder (\`./weights\`) or \`s3://bucket/prefix/\`.`,
  );
