import { expect, test } from '@jest/globals';
import { eventOf } from '../../../src/github/event.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(64);
const NONE = '0'.repeat(40);
const pull = (number: unknown, head: string) => ({ pull_request: { number, head: { sha: head }, base: { sha: B } } });

test.each([
  ['push', { ref: 'refs/heads/x', before: A, after: B }, { kind: 'push', before: A, after: B, ref: 'refs/heads/x' }],
  ['push', { ref: 'refs/heads/x', before: NONE, after: B }, { kind: 'push', before: undefined, after: B }],
  ['push', { ref: 'refs/heads/x', before: A, after: NONE }, { kind: 'deletion' }],
  ['pull_request', pull(7, A), { kind: 'pull-request', number: 7, head: A, base: B }],
  ['pull_request_review', pull(7, A), { kind: 'pull-request', number: 7 }],
  ['merge_group', { merge_group: { base_sha: A } }, { kind: 'merge-group', base: A }],
  ['schedule', { schedule: '0 0 * * *' }, { kind: 'other', name: 'schedule' }],
])('%s of %j is understood', (name, payload, event) => {
  expect(eventOf(name, payload)).toMatchObject(event);
});

test.each([
  ['push', { ref: 'refs/heads/x', before: '--upload-pack=touch x', after: B }],
  ['push', { ref: 'refs/heads/x', before: `${A}\n`, after: B }],
  ['push', 'nothing'],
  ['pull_request', pull(7, 'HEAD')],
  ['pull_request', pull('7/../../x', A)],
  ['pull_request', pull(-1, A)],
  ['merge_group', {}],
])('%s of %j is not what GitHub sends', (name, payload) => {
  expect(eventOf(name, payload)).toEqual({ kind: 'other', name });
});
