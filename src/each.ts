/**
 * Runs `body` for every item, at most `concurrency` at a time. After an error no further one is started, those that run
 * are waited for, and the first error is thrown. An item is taken when its turn comes: many cost no more memory than few.
 */
export async function forEach<T>(
  items: Iterable<T>,
  concurrency: number,
  body: (item: T) => Promise<void>,
): Promise<void> {
  const turns = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const work = async () => {
    for (let turn = turns.next(); !turn.done && errors.length === 0; turn = turns.next()) {
      await body(turn.value).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  if (errors.length > 0) throw errors[0];
}
