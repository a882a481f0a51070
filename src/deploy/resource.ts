import type { Context } from '../context.js';
import { type Change, isChange } from './changes.js';
import type { Desired } from './desired.js';
import type { Known } from './known.js';

/** One kind of thing that a deploy makes. Every file of resources/ holds one. */
export interface Resource<Found> {
  /** What is there now; `undefined` or empty: nothing. Refuses (UserError) what is not ours to change. */
  read(context: Context, desired: Desired): Promise<Found>;
  /** What it is against what is wanted, `unchanged` included. Pure. */
  compare(desired: Desired, found: Found): Change[];
  /** What this resource tells the later ones as it is. Pure. */
  learn?(found: Found): Known;
  /** Tries what `apply` will need, before anything is changed; called only when there are changes. */
  prepare?(context: Context, desired: Desired): Promise<void>;
  /** Makes it as desired; called only when there are changes. Returns what the later ones wait for. */
  apply(context: Context, desired: Desired, found: Found): Promise<Known>;
}

/** A resource that was read, with its type of `Found` closed in. */
export interface Observed {
  readonly known: Known;
  changes(desired: Desired): Change[];
  prepare(desired: Desired): Promise<void>;
  apply(desired: Desired): Promise<Known>;
}

export async function observe<Found>(resource: Resource<Found>, context: Context, desired: Desired): Promise<Observed> {
  const found = await resource.read(context, desired);
  return {
    known: resource.learn?.(found) ?? {},
    changes: (now) => resource.compare(now, found),
    prepare: async (now) => {
      if (resource.compare(now, found).some(isChange)) await resource.prepare?.(context, now);
    },
    apply: (now) => resource.apply(context, now, found),
  };
}
