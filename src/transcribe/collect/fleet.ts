import { isPassingTrouble } from '../../aws/retry.js';
import { describeEndpoint } from '../../aws/sagemaker.js';
import { readActivities, standstillOf } from '../../aws/scaling.js';
import type { Context } from '../../context.js';
import type { InstanceCount } from '../result.js';
import type { Endpoint } from '../submit/endpoint.js';

/** What is known of the endpoint's instances. */
export interface Fleet {
  /** How many were seen, from when on; the last is what is known now. */
  readonly seen: readonly InstanceCount[];
  /** Looks at them when it is time; says why none runs. For a time in which requests are with the endpoint. */
  look(): Promise<void>;
}

/** Milliseconds between two looks at the instances, and at what scales them: a request each. */
const BETWEEN_LOOKS = 60_000;
const BETWEEN_ACTIVITIES = 2 * 60_000;

/**
 * What cannot be seen is said once, and is no failure: the work goes on without.
 * @param endpoint as it was just described
 */
export function openFleet(context: Context, { name, description }: Pick<Endpoint, 'name' | 'description'>): Fleet {
  const { clock } = context;
  const seen: InstanceCount[] = [];
  let desired = 0;
  let asleepSince: number | undefined;
  const note = ({ ProductionVariants: [variant] = [] }: Endpoint['description']) => {
    const instances = variant?.CurrentInstanceCount;
    if (instances === undefined) return;
    desired = variant?.DesiredInstanceCount ?? instances;
    const at = clock.now();
    asleepSince = instances > 0 ? undefined : (asleepSince ?? at);
    if (instances !== seen.at(-1)?.instances) seen.push({ at, instances });
  };
  note(description);
  const count = everySoOften(
    context,
    'How many instances run',
    BETWEEN_LOOKS,
    clock.now() + BETWEEN_LOOKS,
    async () => {
      const found = await describeEndpoint(context, name);
      if (found) note(found);
    },
  );
  let said = '';
  const why = everySoOften(context, 'Why no instance runs yet', BETWEEN_ACTIVITIES, clock.now(), async () => {
    const activities = await readActivities(context, name);
    const since = asleepSince ?? clock.now();
    const standstill = standstillOf(activities, { endpointName: name, desired, since, now: clock.now() });
    if (standstill.kind === said) return;
    said = standstill.kind;
    const isUsual = said === 'waking' || said === 'starting';
    context.log[isUsual ? 'info' : 'warning'](standstill.text);
  });
  return {
    seen,
    async look() {
      await count();
      if (asleepSince !== undefined) await why();
    },
  };
}

/** Asks when `pause` milliseconds have passed since the last time. After a refusal, never again. */
function everySoOften(
  { clock, log, signal }: Context,
  what: string,
  pause: number,
  first: number,
  ask: () => Promise<void>,
): () => Promise<void> {
  let next = first;
  return async () => {
    if (clock.now() < next) return;
    next = clock.now() + pause;
    try {
      await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (isPassingTrouble(error)) return;
      next = Number.POSITIVE_INFINITY;
      log.info(`${what} cannot be seen: ${(error as Error).message}`);
    }
  };
}
