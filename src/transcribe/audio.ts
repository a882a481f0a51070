import type { TranscriptionOptions } from '../settings/transcribe.js';
import type { Episode } from '../transcript/presentation.js';

/** Audio that is asked for, looked at and not yet sent. */
export interface Audio {
  /** In the workspace, with forward slashes; of an object, its s3:// address; of an episode, podcast://show/name. */
  path: string;
  bytes: number;
  /**
   * What its content is known by: its SHA-256 in hex, which a Git LFS pointer tells as well; of an object its address with
   * its version or ETag.
   */
  identity: string;
  content: Content;
  contentType: string;
  /** From its header; undefined: unknown before it is transcribed. */
  seconds?: number;
  /** Set when its header tells of a picture. */
  video?: true;
  /** Those of the run, with what a `whisper.yml` says of this file. */
  options: TranscriptionOptions;
  /** Names of the tracks of split channels, in their order. */
  speakers: readonly string[];
  episode?: AudioEpisode;
}

/** An episode of a podcast, without what is secret in its addresses. */
export interface AudioEpisode extends Episode {
  /** What the ledger knows the episode and its feed by. */
  key: string;
  feed: string;
  /** Address of the audio; undefined: nobody else may have it. */
  audioUrl?: string;
  /** Set while there is a record of it, and no note. */
  recorded?: true;
}

/** Where the content is. */
export type Content =
  /** `path` is absolute. `extract`: ffmpeg takes the audio out of it before it is uploaded. */
  | { kind: 'file'; path: string; extract: boolean }
  /** Git LFS has not fetched it: enough to know a transcript by, too little to send. */
  | { kind: 'pointer' }
  /** Used in place. `etag` is quoted, as S3 gives it. */
  | { kind: 'object'; bucket: string; key: string; etag: string }
  /** An episode's: what is still to be sent is uploaded already. */
  | { kind: 'episode' };

/** A file that cannot be sent, and why, in words. */
export interface Refusal {
  path: string;
  reason: string;
}
