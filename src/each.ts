/**
 * Runs `body` for every item, at most `concurrency` at a time. After an error no further one is started, those that run
 * are waited for, and the first error is thrown.
 */
export async function forEach<T>(
  items: Iterable<T>,
  concurrency: number,
  body: (item: T) => Promise<void>,
): Promise<void> {
  const { default: pLimit } = await import('p-limit');
  const limit = pLimit(concurrency);
  const errors: unknown[] = [];
  const one = async (item: T) => {
    if (errors.length > 0) return;
    await body(item).catch((error: unknown) => errors.push(error));
  };
  await Promise.all(Array.from(items, (item) => limit(one, item)));
  if (errors.length > 0) throw errors[0];
}
