/** What an endpoint's status means to a deploy: it passes by itself, it serves, or a person must act. */
export type Phase = 'passing' | 'serving' | 'broken';

/** Every value of SageMaker's EndpointStatus (DescribeEndpoint). */
const PHASES: Readonly<Record<string, Phase>> = {
  Creating: 'passing',
  Updating: 'passing',
  SystemUpdating: 'passing',
  RollingBack: 'passing',
  Deleting: 'passing',
  InService: 'serving',
  OutOfService: 'broken',
  Failed: 'broken',
  UpdateRollbackFailed: 'broken',
};

/** A status that this version does not know passes: the deadline of the wait bounds it. */
export const phaseOf = (status: string): Phase => PHASES[status] ?? 'passing';
