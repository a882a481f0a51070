import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { isSha } from '../git/changes.js';

/** What a workflow runs for, as far as it tells what was changed. Everything in it may come from a stranger. */
export type Event =
  /** `before`: where the branch or tag was; undefined: it is new. `default`: the repository's main branch. */
  | { kind: 'push'; ref: string; before: string | undefined; after: string; default: string | undefined }
  /** `base` is the head of the branch that it is to be merged into, not where it began. */
  | { kind: 'pull-request'; number: number; head: string; base: string }
  | { kind: 'merge-group'; base: string }
  /** A branch or tag was deleted. */
  | { kind: 'deletion' }
  | { kind: 'other'; name: string };

const SHA = z.string().check(z.refine(isSha));

const push = z.object({
  ref: z.string(),
  before: SHA,
  after: SHA,
  repository: z.optional(z.object({ default_branch: z.optional(z.string()) })),
});
const pullRequest = z.object({
  pull_request: z.object({
    number: z.int().check(z.positive()),
    head: z.object({ sha: SHA }),
    base: z.object({ sha: SHA }),
  }),
});
const mergeGroup = z.object({ merge_group: z.object({ base_sha: SHA }) });

/** Reads the event that the runner describes in the environment (docs.github.com, "Webhook events and payloads"). */
export async function readEvent({ GITHUB_EVENT_NAME, GITHUB_EVENT_PATH }: NodeJS.ProcessEnv): Promise<Event> {
  const name = GITHUB_EVENT_NAME || 'none';
  if (!GITHUB_EVENT_PATH) return { kind: 'other', name };
  let payload: unknown;
  try {
    payload = JSON.parse(await readFile(GITHUB_EVENT_PATH, 'utf8'));
  } catch {
    return { kind: 'other', name };
  }
  return eventOf(name, payload);
}

/** Pure; a payload that is not as it should be is `other`. */
export function eventOf(name: string, payload: unknown): Event {
  if (name === 'push') {
    const { data } = z.safeParse(push, payload);
    if (!data) return { kind: 'other', name };
    if (isNone(data.after)) return { kind: 'deletion' };
    const before = isNone(data.before) ? undefined : data.before;
    return { kind: 'push', ref: data.ref, before, after: data.after, default: data.repository?.default_branch };
  }
  if (name === 'merge_group') {
    const { data } = z.safeParse(mergeGroup, payload);
    return data ? { kind: 'merge-group', base: data.merge_group.base_sha } : { kind: 'other', name };
  }
  // Reviews, labels, comments on the changes: whatever happens to a pull request is of its changes.
  const { data } = name.startsWith('pull_request') ? z.safeParse(pullRequest, payload) : { data: undefined };
  if (!data) return { kind: 'other', name };
  const { number, head, base } = data.pull_request;
  return { kind: 'pull-request', number, head: head.sha, base: base.sha };
}

const isNone = (sha: string): boolean => /^0+$/.test(sha);
