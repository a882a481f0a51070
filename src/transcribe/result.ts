import type { UserError } from '../errors.js';

/** What became of one audio file. */
export interface FileReport {
  /** In the workspace, with forward slashes. */
  audio: string;
  state: 'transcribed' | 'reused' | 'failed' | 'pending';
  /** Seconds of audio, once known. */
  duration?: number;
  language?: string;
  words?: number;
  /** Why it failed, in words; only when failed. */
  reason?: string;
  /** Paths in the workspace of what was written. */
  transcripts: string[];
}

export interface TranscribeResult {
  files: FileReport[];
  /** Undefined: nothing to commit, or not asked to. */
  commitSha?: string;
  artifactId?: number;
  /** Why the transcripts, which are in the workspace, could not be published. */
  problem?: UserError;
}
