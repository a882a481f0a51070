import type { UserError } from '../errors.js';
import type { AudioEpisode } from './audio.js';
import type { Timing } from './job.js';

/** What became of one audio file. */
export interface FileReport {
  /**
   * In the workspace, with forward slashes; of an object, its s3:// address; of an episode, podcast://show/name; of a feed
   * that could not be read, its address without secrets.
   */
  audio: string;
  state: 'transcribed' | 'reused' | 'failed' | 'pending';
  /** Seconds of audio, once known. */
  duration?: number;
  language?: string;
  words?: number;
  /** Seconds that the container worked on it; only when this run had it transcribed. */
  inference?: number;
  /** Only when this run had it transcribed. */
  timing?: Timing;
  /** Why it failed, in words; only when failed. */
  reason?: string;
  /** Paths in the workspace of what was written. */
  transcripts: string[];
  /** What its feed says of an episode. */
  episode?: AudioEpisode;
}

/** How many instances the endpoint had from a moment on, in milliseconds since the epoch. */
export interface InstanceCount {
  at: number;
  instances: number;
}

export interface Publication {
  /** Undefined: nothing to publish, or not asked to. */
  published?: 'commit' | 'pull-request' | 'artifact' | 's3';
  commitSha?: string;
  artifactId?: number;
  pullRequest?: { number: number; url: string };
  /** Why the transcripts, which are in the workspace, could not be published. */
  problem?: UserError;
}

export interface TranscribeResult extends Publication {
  files: FileReport[];
  /** As they were seen while jobs were waited for. */
  instances: InstanceCount[];
  /** Why files were left to the next run, in words: the time was over, or the credentials could not be renewed. */
  left?: string;
}
