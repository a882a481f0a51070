import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoggedRequest } from '../../script/lib/local-aws.ts';
import type { Right } from './policy.ts';
import type { RoleName } from './roles-stack.ts';

const FILE = join(import.meta.dirname, '..', '..', 'infra', 'implied-rights.json');
const HERE = 'us-east-1:123456789012';

/** infra/implied-rights.json: rights that AWS asks for without a request of ours that says so. */
interface ImpliedRights {
  byRequest: (Right & { request: string; why: string; source: string })[];
  byRole: { roles: RoleName[]; actions: string[]; resource: string; why: string; source: string }[];
}

export const readImpliedRights = async (): Promise<ImpliedRights> =>
  JSON.parse(await readFile(FILE, 'utf8')) as ImpliedRights;

/** What a role needs: for the requests that were made with it, for what these imply, and for what AWS does by itself. */
export function requiredRights(role: RoleName, requests: readonly LoggedRequest[], implied: ImpliedRights): Right[] {
  const asked = requests.flatMap((request) => [
    ...rightsOf(request),
    ...implied.byRequest
      .filter((right) => right.request === request.action)
      .map((right) => ({ ...right, resource: filledIn(right.resource, request.parameters) })),
  ]);
  const always = implied.byRole
    .filter(({ roles }) => roles.includes(role))
    .flatMap(({ actions, resource }) => actions.map((action) => ({ action, resource })));
  const rights = [...asked, ...always].map(({ action, resource, context = {} }: Right) => ({
    action,
    resource,
    context,
  }));
  return [...new Map(rights.map((right) => [JSON.stringify(right), right])).values()];
}

const filledIn = (resource: string, parameters: Record<string, unknown>): string =>
  resource.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(parameters[name]));

/** By the service authorization reference: one right for each resource that the request names. */
function rightsOf(request: LoggedRequest): Right[] {
  const { action, parameters } = request;
  // "No permissions are required to perform this operation" (STS API reference).
  if (action === 'sts:GetCallerIdentity') return [];
  const resources = WHOLE_ACCOUNT.has(action) ? ['*'] : resourcesOf(request);
  if (resources.length === 0) throw new Error(`What ${action} names is not known: ${JSON.stringify(parameters)}`);
  const context = contextOf(request);
  return resources.map((resource) => ({ action, resource, ...(context && { context }) }));
}

/** Actions without a resource; infra/tests holds the templates against the reference by this. */
const WHOLE_ACCOUNT = new Set([
  'sagemaker:ListModels',
  'sagemaker:ListEndpointConfigs',
  'application-autoscaling:DescribeScalableTargets',
  'application-autoscaling:DescribeScalingPolicies',
  'application-autoscaling:DescribeScalingActivities',
  'cloudwatch:GetMetricData',
  'ecr:GetAuthorizationToken',
  'servicequotas:ListServiceQuotas',
  'servicequotas:ListAWSDefaultServiceQuotas',
]);

function resourcesOf({ service, parameters }: LoggedRequest): string[] {
  const named = (...members: string[]) => members.flatMap((member) => (parameters[member] ?? []) as string | string[]);
  const arns = (prefix: string, ...members: string[]) => named(...members).map((name) => `${prefix}${name}`);
  switch (service) {
    case 'sagemaker':
    case 'sagemaker-runtime':
      return [
        ...arns(`arn:aws:sagemaker:${HERE}:endpoint/`, 'EndpointName'),
        ...arns(`arn:aws:sagemaker:${HERE}:endpoint-config/`, 'EndpointConfigName'),
        ...arns(`arn:aws:sagemaker:${HERE}:model/`, 'ModelName'),
        ...named('ResourceArn'),
      ];
    case 's3': {
      const keys = named('Key', 'Keys');
      const bucket = `arn:aws:s3:::${String(parameters['Bucket'])}`;
      return keys.length === 0 ? [bucket] : keys.map((key) => `${bucket}/${key}`);
    }
    case 'ecr':
      return [...arns(`arn:aws:ecr:${HERE}:repository/`, 'repositoryName', 'repositoryNames'), ...named('resourceArn')];
    case 'application-autoscaling':
      // The ARN has an id that AWS makes.
      return [`arn:aws:application-autoscaling:${HERE}:scalable-target/0ec5a1b2c3d4e5f60718`];
    case 'monitoring':
      return [...arns(`arn:aws:cloudwatch:${HERE}:alarm:`, 'AlarmName', 'AlarmNames'), ...named('ResourceARN')];
    case 'logs': {
      const [stream = ''] = named('logStreamName');
      return arns(`arn:aws:logs:${HERE}:log-group:`, 'logGroupName').map((group) => `${group}:log-stream:${stream}`);
    }
    default:
      return [];
  }
}

function contextOf({ service, parameters }: LoggedRequest): Record<string, string> | undefined {
  if (service !== 'application-autoscaling') return undefined;
  return {
    'application-autoscaling:service-namespace': String(parameters['ServiceNamespace']),
    'application-autoscaling:scalable-dimension': String(parameters['ScalableDimension']),
  };
}
