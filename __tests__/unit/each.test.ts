import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { forEach } from '../../src/each.js';

test('every item once, in the order of the items, never more at a time than allowed', async () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  await forEach(items, 4, async (item) => {
    begun.push(item);
    most = Math.max(most, ++running);
    await pause(item % 3);
    running--;
  });
  expect(begun).toEqual(items);
  expect(most).toBe(4);
});

test('items are taken one by one, as their turn comes', async () => {
  let taken = 0;
  function* items() {
    for (; taken < 10; taken++) yield taken;
  }
  let ahead = 0;
  await forEach(items(), 2, async (item) => {
    ahead = Math.max(ahead, taken - item);
    await pause(1);
  });
  expect(ahead).toBeLessThanOrEqual(2);
});

test('after an error none is begun, those that run end, and the first error is thrown', async () => {
  const ended: number[] = [];
  const run = forEach([1, 2, 3, 4, 5], 2, async (item) => {
    if (item === 1) throw new Error('first');
    await pause(5);
    ended.push(item);
    throw new Error('second');
  });
  await expect(run).rejects.toThrow('first');
  expect(ended).toEqual([2]);
});
