import type { Context } from '../context.js';
import { pauseAfter } from '../pause.js';

/** Attempts of one request, the first included. */
export const ATTEMPTS = 5;

interface Hub {
  url: string;
  token: string | undefined;
}

/**
 * A `fetch` for @huggingface/hub, which itself neither tries again nor can be stopped: 429, 5xx and broken connections
 * get a bounded number of attempts, the run's signal ends it. The token goes to the hub's own address only (the library
 * takes none that does not start with hf_, which the tokens of mirrors do not).
 */
export function patientFetch({ url, token }: Hub, { clock, log, signal }: Context): typeof fetch {
  const origin = new URL(url).origin;
  return async (input, init) => {
    const target = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    if (token !== undefined && target.origin === origin) headers.set('authorization', `Bearer ${token}`);
    for (let attempt = 1; ; attempt++) {
      const answer = await fetch(target, { ...init, headers, signal }).catch((error: unknown) => {
        if (signal.aborted || attempt === ATTEMPTS) throw error;
        return undefined;
      });
      if (answer && (attempt === ATTEMPTS || !isPassing(answer.status))) return answer;
      await answer?.body?.cancel();
      const pause = pauseAfter(attempt, answer?.headers.get('retry-after') ?? null, clock.now());
      log.info(
        `${target.host} ${answer ? `answered ${answer.status}` : 'broke the connection'}; trying again in ${Math.ceil(pause / 1000)} s.`,
      );
      await clock.sleep(pause, signal);
    }
  };
}

const isPassing = (status: number): boolean => status === 429 || status >= 500;
