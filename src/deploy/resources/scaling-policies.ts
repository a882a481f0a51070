import type { ScalingPolicy } from '@aws-sdk/client-application-auto-scaling';
import { isNamed, unlessAbsent } from '../../aws/error-name.js';
import { retrying } from '../../aws/retry.js';
import { type Change, created, isChange, updated } from '../changes.js';
import { differences } from '../difference.js';
import type { Resource } from '../resource.js';
import type { ScalingPolicy as WantedPolicy } from '../scaling.js';

/** By name. */
type FoundPolicies = ReadonlyMap<string, ScalingPolicy>;

/** The rules by which the number of instances changes. */
/** A target that was just registered may not be visible yet, and a change of it may be under way. */
const isPassing = (error: unknown): boolean => isNamed(error, 'ConcurrentUpdateException', 'ObjectNotFoundException');

export const scalingPolicies: Resource<FoundPolicies> = {
  async read({ clients, signal }, { scaling }) {
    const autoscaling = await clients.autoscaling();
    const { ServiceNamespace, ResourceId, ScalableDimension } = scaling.target;
    const found = new Map<string, ScalingPolicy>();
    let NextToken: string | undefined;
    do {
      const page = await autoscaling.describeScalingPolicies(
        { ServiceNamespace, ResourceId, ScalableDimension, NextToken },
        { abortSignal: signal },
      );
      for (const policy of page.ScalingPolicies ?? []) found.set(policy.PolicyName ?? '', policy);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return found;
  },

  compare: ({ scaling }, found) => [
    ...scaling.policies.map((policy) => changeOf(policy, found.get(policy.PolicyName))),
    ...scaling.unwantedPolicies
      .filter((name) => found.has(name))
      .map((name): Change => ({ resource: 'scaling policy', name, action: 'delete', fields: [] })),
  ],

  learn: (found) => ({
    policyArns: Object.fromEntries([...found].map(([name, { PolicyARN }]) => [name, PolicyARN ?? ''])),
  }),

  async apply(context, { scaling }, found) {
    const autoscaling = await context.clients.autoscaling();
    const options = { abortSignal: context.signal };
    const policyArns: Record<string, string> = { ...scalingPolicies.learn?.(found).policyArns };
    for (const policy of scaling.policies) {
      if (!isChange(changeOf(policy, found.get(policy.PolicyName)))) continue;
      const { PolicyARN } = await retrying(context, isPassing, () => autoscaling.putScalingPolicy(policy, options));
      policyArns[policy.PolicyName] = PolicyARN ?? '';
    }
    const { ServiceNamespace, ResourceId, ScalableDimension } = scaling.target;
    for (const PolicyName of scaling.unwantedPolicies.filter((name) => found.has(name))) {
      await unlessAbsent(
        autoscaling.deleteScalingPolicy({ PolicyName, ServiceNamespace, ResourceId, ScalableDimension }, options),
        'ObjectNotFoundException',
      );
    }
    return { policyArns };
  },
};

function changeOf(policy: WantedPolicy, found: ScalingPolicy | undefined): Change {
  if (!found) return created('scaling policy', policy.PolicyName, false);
  return updated('scaling policy', policy.PolicyName, differences(policy, found));
}
