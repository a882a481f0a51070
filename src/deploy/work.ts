import { activityOf, type EndpointWork, readWork } from '../aws/endpoint-work.js';
import { isNamed } from '../aws/error-name.js';
import { openBucket } from '../aws/objects.js';
import type { Context } from '../context.js';
import { forEach } from '../each.js';
import { openLedger } from '../ledger/ledger.js';
import { plural } from '../plural.js';
import { shown } from '../shown.js';

/** Milliseconds after which a request shows in the metrics, which come a minute or two late. */
const LATE = 3 * 60_000;
/** Claims that are read, and claims that are named. */
const READ = 50;
const NAMED = 3;

/** A request that transcribe has sent and that has no answer yet. */
export interface OpenClaim {
  key: string;
  /** The run that sent it. */
  owner: string;
  /** Milliseconds since the epoch. */
  sent: number;
}

/** Where the work of an endpoint is to be seen. */
export interface WorkPlace {
  endpointName: string;
  bucket: string;
  /** Of the endpoint in the bucket, with a slash at its end. */
  folder: string;
  /** `instances`: they go, and what they work on with them; `endpoint`: its queue goes, too. */
  goes: 'instances' | 'endpoint';
}

/** What work would be lost, for people; undefined: none. Seven requests or more, or two where no instance runs. */
export async function workUnderWay(context: Context, place: WorkPlace): Promise<string | undefined> {
  const work = await readWork(context, place.endpointName);
  if (!work || (place.goes === 'instances' && work.current === 0)) return undefined;
  return lostWork(work, await openClaims(context, place), place.goes);
}

/**
 * Pure. The queue outlives the instances but not the endpoint. Metrics come late, and for the first minutes of an instance
 * not at all: then transcribe's claims tell, and whether there was a queue that woke the instance.
 */
export function lostWork(
  work: EndpointWork,
  claims: readonly OpenClaim[],
  goes: WorkPlace['goes'],
): string | undefined {
  if (goes === 'instances' && work.current === 0) return undefined;
  const activity = activityOf(work);
  const young = claims.filter(({ sent }) => work.now - sent < LATE);
  const instances = plural(work.current, 'instance');
  switch (activity.state) {
    case 'working':
    case 'waiting': {
      const age = activity.age === undefined ? '' : `, the oldest since ${Math.round(activity.age / 60)} minutes`;
      const queue = `${plural(activity.requests, 'request')} in the queue${age}`;
      return `${instances} ${activity.state === 'working' ? 'at work' : 'running'}, ${queue}${named(claims)}`;
    }
    case 'unknown': {
      const woken = work.minutes.some(({ backlog = 0 }) => backlog > 0);
      if (!woken && claims.length === 0) return undefined;
      return `${instances} just started, of which no utilisation is known yet${named(claims)}`;
    }
    case 'idle':
      return young.length === 0 ? undefined : `requests that were just sent${named(young)}`;
  }
}

function named(claims: readonly OpenClaim[]): string {
  if (claims.length === 0) return '';
  const some = claims.slice(0, NAMED).map(({ key, owner }) => `${shown(key.slice(0, 12))} by ${shown(owner)}`);
  const more = claims.length - some.length;
  return `; claimed: ${some.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Claims that were sent and have neither answer nor failure, the newest first. */
async function openClaims(context: Context, { bucket, folder }: WorkPlace): Promise<OpenClaim[]> {
  const ledger = openLedger(await openBucket(context.clients, bucket, context.account, context.signal), folder);
  try {
    const [claims, outputs, failures] = await Promise.all([ledger.claims(), ledger.outputs(), ledger.failures()]);
    const answered = new Set([...outputs, ...failures].map(({ key }) => ledger.uri(key)));
    const open: OpenClaim[] = [];
    await forEach([...claims.keys()].slice(0, READ), 8, async (key) => {
      const claim = (await ledger.readClaim(key))?.claim;
      if (claim?.state !== 'sent' || answered.has(claim.output) || answered.has(claim.failure ?? '')) return;
      if (Date.parse(claim.deadline) < context.clock.now()) return;
      open.push({ key, owner: claim.owner, sent: Date.parse(claim.sent ?? '') || 0 });
    });
    return open.sort((a, b) => b.sent - a.sent);
  } catch (error) {
    // A destroy that is run again finds no bucket any more.
    if (isNamed(error, 'NoSuchBucket')) return [];
    throw error;
  }
}
