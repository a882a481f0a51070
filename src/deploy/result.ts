import type { Change } from './changes.js';
import type { Progress } from './progress.js';

/** What a plan or a deploy has to tell, whole or cut short. */
export interface DeployResult {
  endpointName: string;
  /** The fields below are empty as long as they are not known. */
  endpointArn: string;
  imageRepository: string;
  imageDigest: string;
  /** Account of the image's registry; undefined: that of the credentials. */
  registryId: string | undefined;
  /** `s3://bucket/prefix/` */
  modelData: string;
  /** What was changed; of a plan, every resource. */
  changes: readonly Change[];
  /** Every resource as the plan found it. */
  planned: readonly Change[];
  /** Whether a deployment that an earlier run had begun was under way. */
  deploying: boolean;
  /** Seconds of each step, in their order. */
  steps: readonly { step: string; seconds: number; failed: boolean }[];
}

/** @param mode a plan tells what it found, a deploy what it made */
export function resultOf(endpointName: string, progress: Progress, mode: 'plan' | 'deploy' = 'deploy'): DeployResult {
  const { known, planned, made, steps } = progress;
  const desired = progress.desire?.(known);
  return {
    endpointName,
    endpointArn: known.endpointArn ?? '',
    imageRepository: desired?.image.repository ?? '',
    imageDigest: known.imageDigest ?? '',
    registryId: desired?.image.registryId,
    modelData: desired?.weights.uri ?? '',
    changes: mode === 'plan' ? planned : made,
    planned,
    deploying: known.deploying === true,
    steps,
  };
}
