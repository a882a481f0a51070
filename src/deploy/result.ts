import type { Change } from './changes.js';
import type { Progress } from './progress.js';

/** What a plan or a deploy has to tell, whole or cut short. */
export interface DeployResult {
  endpointName: string;
  /** The fields below are empty as long as they are not known. */
  endpointArn: string;
  imageRepository: string;
  imageDigest: string;
  /** `s3://bucket/prefix/` */
  modelData: string;
  /** What was changed; of a plan, every resource. */
  changes: readonly Change[];
  /** Seconds of each step, in their order. */
  steps: readonly { step: string; seconds: number }[];
}

/** @param changes of a plan; a deploy tells what it made */
export function resultOf(
  endpointName: string,
  progress: Progress,
  changes: readonly Change[] = progress.made,
): DeployResult {
  const { known, steps } = progress;
  const desired = progress.desire?.(known);
  return {
    endpointName,
    endpointArn: known.endpointArn ?? '',
    imageRepository: desired?.image.repository ?? '',
    imageDigest: known.imageDigest ?? '',
    modelData: desired?.weights.uri ?? '',
    changes,
    steps,
  };
}
