/** What an endpoint's status means to a deploy: it passes by itself, it serves, it can be replaced, or a person must act. */
export type Phase = 'passing' | 'serving' | 'failed' | 'broken';

/** Every value of SageMaker's EndpointStatus (DescribeEndpoint). */
const PHASES: Readonly<Record<string, Phase>> = {
  Creating: 'passing',
  Updating: 'passing',
  SystemUpdating: 'passing',
  RollingBack: 'passing',
  Deleting: 'passing',
  InService: 'serving',
  Failed: 'failed',
  OutOfService: 'broken',
  UpdateRollbackFailed: 'broken',
};

/** A status that this version does not know passes: the deadline of the wait bounds it. */
export const phaseOf = (status: string | undefined): Phase => PHASES[status ?? ''] ?? 'passing';

/** What to do about an endpoint that neither serves as it should nor changes by itself. */
export function wayOut(status: string | undefined, name: string): string {
  const remove = `\`aws sagemaker delete-endpoint --endpoint-name ${name}\``;
  switch (status) {
    case 'Failed':
      return `An endpoint that Failed can only be deleted: set \`replace-failed: true\` to have this step delete it and make it again, or run ${remove}.`;
    case 'UpdateRollbackFailed':
      return `SageMaker could neither finish the update nor take it back. The endpoint still serves, on old and new instances mixed, and takes no update: it needs a person. Ask AWS Support to bring it back, or, when no work is under way, run ${remove} and then this step.`;
    default:
      return `The endpoint serves nothing and takes no update. When no work is under way, run ${remove} and then this step; ask AWS Support if it does not go.`;
  }
}
