/** One page of a listing. */
interface Page<T> {
  items: T[] | undefined;
  /** What asks for the next page; undefined: this is the last one. */
  next: string | undefined;
}

/** All items of a listing that comes in pages. `ask` gets the token of a page; undefined: the first. */
export async function allPages<T>(ask: (token: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  do {
    const { items, next } = await ask(token);
    all.push(...(items ?? []));
    token = next;
  } while (token !== undefined);
  return all;
}
