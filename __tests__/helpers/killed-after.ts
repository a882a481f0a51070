import { type Clients, createClients } from '../../src/aws/clients.js';

/** The process was killed: nothing leaves it any more. */
class Killed extends Error {
  override name = 'Killed';
}

const READING = /^(?:Describe|List|Get|Head)/;

/** What the SDK's clients have in common that matters here. */
interface Stack {
  middlewareStack: {
    add(
      middleware: (next: (args: object) => Promise<object>, context: { commandName?: string }) => unknown,
      options: { step: 'initialize'; priority: 'high' },
    ): void;
  };
}

/**
 * Clients of a run that is killed after `count` requests that change something: AWS did what they asked for, and no
 * later request leaves, reading ones included; so no `finally` can tidy up.
 */
export function killedAfter(count: number, region: string): Clients & { survived(): boolean } {
  const clients = createClients(region);
  let left = count;
  let survived = true;
  const watched = <T extends object>(load: () => Promise<T>) => {
    let made: Promise<T> | undefined;
    return () => {
      made ??= load().then((client) => {
        (client as unknown as Stack).middlewareStack.add(
          (next, { commandName = '' }) =>
            async (args: object) => {
              if (left === 0) {
                survived = false;
                throw new Killed('killed');
              }
              const answer = await next(args);
              // Requests side by side: all that came back before the last one are done.
              if (left > 0 && !READING.test(commandName)) left -= 1;
              return answer;
            },
          { step: 'initialize', priority: 'high' },
        );
        return client;
      });
      return made;
    };
  };
  const entries = Object.entries(clients).map(([name, value]) => [
    name,
    typeof value === 'function' ? watched(value as () => Promise<object>) : value,
  ]);
  return { ...(Object.fromEntries(entries) as Clients), survived: () => survived };
}
