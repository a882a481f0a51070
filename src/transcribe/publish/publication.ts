import type { Context } from '../../context.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import type { FileReport, Publication } from '../result.js';

/** What is to be published. */
export interface Publishing {
  files: readonly FileReport[];
  /** Paths in the workspace of transcripts that were taken out of it. */
  removed: readonly string[];
  /** Paths in the workspace of what was written for feeds. */
  feeds: readonly string[];
  /** The endpoint's folder in its bucket. */
  place: { bucket: string; prefix: string };
}

/** One way to publish the transcripts that lie in the workspace. */
export type Way = (context: Context, settings: TranscribeSettings, publishing: Publishing) => Promise<Publication>;

/** Whether a fresh checkout has nothing of what was published. */
export const isElsewhere = (publish: TranscribeSettings['publish']): boolean =>
  publish === 's3' || publish === 'artifact';

/** Paths in the workspace, for git and for S3. What was written again after it was removed is there. */
export function editsOf({ files, removed, feeds }: Publishing): { written: string[]; removed: string[] } {
  const written = [...new Set([...files.flatMap(({ transcripts }) => transcripts), ...feeds])];
  const there = new Set(written);
  return { written, removed: [...new Set(removed)].filter((path) => !there.has(path)) };
}

/** Says which transcripts are on a branch as somebody else made them. */
export function tellTheirs({ log }: Context, theirs: readonly string[]): void {
  for (const path of theirs) {
    log.warning(`${shown(path)} was changed on the branch meanwhile, and was left as it is there.`, path);
  }
}
