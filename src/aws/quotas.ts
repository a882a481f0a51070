import type { ServiceQuota } from '@aws-sdk/client-service-quotas';
import type { Context } from '../context.js';

/** How many instances of a type an account may run at once for all of its endpoints in a region. */
export interface InstanceQuota {
  /** As the console has it. */
  name: string;
  /** `L-…`; another one for each type. */
  code: string;
  /** Instances. */
  value: number;
}

const SERVICE = 'sagemaker';
/** The most that Service Quotas takes. */
const PAGE = 100;

export const endpointQuotaName = (instanceType: string): string => `${instanceType} for endpoint usage`;

/**
 * The quotas of instance types for endpoints, by type. A type that Service Quotas does not know has none.
 * AWS tells codes by listing only, and a quota that was never changed in the default list alone (API reference of
 * ListServiceQuotas). SageMaker has more than a thousand: the lists are read no further than is needed.
 */
export async function endpointQuotas(
  { clients, signal }: Pick<Context, 'clients' | 'signal'>,
  instanceTypes: readonly string[],
): Promise<ReadonlyMap<string, InstanceQuota>> {
  const service = await clients.quotas();
  const options = { abortSignal: signal };
  const request = { ServiceCode: SERVICE, MaxResults: PAGE };
  const lists = [
    (NextToken?: string) => service.listServiceQuotas({ ...request, NextToken }, options),
    (NextToken?: string) => service.listAWSDefaultServiceQuotas({ ...request, NextToken }, options),
  ];
  const found = new Map<string, InstanceQuota>();
  for (const list of lists) {
    let token: string | undefined;
    do {
      const { Quotas = [], NextToken } = await list(token);
      note(found, Quotas, instanceTypes);
      if (found.size === instanceTypes.length) return found;
      token = NextToken;
    } while (token !== undefined);
  }
  return found;
}

function note(
  found: Map<string, InstanceQuota>,
  quotas: readonly ServiceQuota[],
  instanceTypes: readonly string[],
): void {
  for (const type of instanceTypes) {
    if (found.has(type)) continue;
    const name = endpointQuotaName(type);
    const quota = quotas.find(({ QuotaName }) => QuotaName === name);
    if (quota?.QuotaCode === undefined || quota.Value === undefined) continue;
    found.set(type, { name, code: quota.QuotaCode, value: quota.Value });
  }
}
