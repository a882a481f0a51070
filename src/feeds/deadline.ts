/**
 * Gives `body` a signal that also fires when the time is over. What `body` then throws is the signal's reason, if it asks
 * the signal after each failure.
 * @param milliseconds of real time: sockets know no other
 * @param late what is thrown then
 */
export async function within<T>(
  milliseconds: number,
  signal: AbortSignal,
  late: () => Error,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(late()), milliseconds);
  try {
    return await body(AbortSignal.any([signal, deadline.signal]));
  } finally {
    clearTimeout(timer);
  }
}
