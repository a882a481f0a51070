/** Audio that is asked for, not yet looked at. `path` is what reports and the ledger call it. */
export type Source = FileSource | ObjectSource;

/** `path` is relative to the workspace, with forward slashes. */
export interface FileSource {
  kind: 'file';
  path: string;
}

/** An object in S3, used in place; `path` is its s3:// address. */
export interface ObjectSource {
  kind: 'object';
  path: string;
  bucket: string;
  key: string;
  /** Quoted, as S3 gives it. A listing tells no version id; the ETag changes with the content all the same. */
  etag: string;
  bytes: number;
}

/** What a run works on: sorted by path, each once. */
export interface Selection {
  found: Source[];
}

/** What an object's content is known by, without reading it. */
export const objectIdentity = ({ path, etag }: ObjectSource): string => `${path}#${etag.replaceAll('"', '')}`;
