import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import { described, describeEndpoint } from '../../aws/sagemaker.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { isMadeFor, TAG } from '../desired.js';
import type { Scope } from './scope.js';

/**
 * The endpoint as it is; undefined: there is none.
 * @throws UserError when this action did not make it: then nothing that has its name may be touched
 */
export async function findEndpoint(context: Context, scope: Scope): Promise<DescribeEndpointOutput | undefined> {
  const { endpointName } = scope;
  const endpoint = await describeEndpoint(context, endpointName);
  if (!endpoint) return undefined;
  const sagemaker = await context.clients.sagemaker();
  const request = sagemaker.listTags({ ResourceArn: endpoint.EndpointArn }, { abortSignal: context.signal });
  const { Tags = [] } = (await described(request)) ?? {};
  if (isMadeFor(endpointName, Tags)) return endpoint;
  throw new UserError(
    `There is an endpoint ${endpointName} that this action did not make: it has no tag ${TAG}=${endpointName}. Nothing was removed.`,
    'Check `endpoint-name` and `aws-region`, or add the tag to hand the endpoint over.',
  );
}
