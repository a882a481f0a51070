import type { ScalableTarget } from '@aws-sdk/client-application-auto-scaling';
import { isNamed } from '../../aws/error-name.js';
import { retrying } from '../../aws/retry.js';
import type { Context } from '../../context.js';
import { created, updated } from '../changes.js';
import type { Desired } from '../desired.js';
import { differences } from '../difference.js';
import type { Resource } from '../resource.js';

/** How many instances there may be. */
export const scalableTarget: Resource<ScalableTarget | undefined> = {
  async read({ clients, signal }, { scaling }) {
    const autoscaling = await clients.autoscaling();
    const { ServiceNamespace, ResourceId, ScalableDimension } = scaling.target;
    const { ScalableTargets } = await autoscaling.describeScalableTargets(
      { ServiceNamespace, ResourceIds: [ResourceId ?? ''], ScalableDimension },
      { abortSignal: signal },
    );
    return ScalableTargets?.[0];
  },

  compare({ scaling, endpointName }, found) {
    if (!found) return [created('scalable target', endpointName, false)];
    return [updated('scalable target', endpointName, differences(scaling.target, found))];
  },

  async apply(context, { scaling, tags: wanted }, found) {
    const autoscaling = await context.clients.autoscaling();
    // Tags are taken on creation only.
    const tags = found ? {} : { Tags: Object.fromEntries(wanted.map(({ Key, Value }) => [Key, Value])) };
    await retrying(
      context,
      (error) => isNamed(error, 'ConcurrentUpdateException'),
      () => autoscaling.registerScalableTarget({ ...scaling.target, ...tags }, { abortSignal: context.signal }),
    );
    return {};
  },
};

/**
 * A deployment starts with one instance, and Application Auto Scaling looks at its minimum only when it scales, or when
 * the target is registered, which raises the count at once.
 */
export async function keepMinimum(context: Context, desired: Desired): Promise<void> {
  const { MinCapacity = 0 } = desired.scaling.target;
  if (MinCapacity <= 1) return;
  await scalableTarget.apply(context, desired, await scalableTarget.read(context, desired));
}
