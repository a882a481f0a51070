import type { DeploySettings } from '../settings/deploy.js';
import { duration } from './markdown.js';

export type Prices = Pick<DeploySettings, 'pricePerHour' | 'minInstances' | 'maxInstances' | 'idleMinutes'>;

/**
 * What the endpoint costs, a line each; none when no price was given. Pure.
 * @param startSeconds that an instance took until it served, when it was measured
 */
export function costLines(
  { pricePerHour, minInstances, maxInstances, idleMinutes }: Prices,
  startSeconds?: number,
): string[] {
  if (pricePerHour === undefined) return [];
  const each = `One instance costs ${pricePerHour} an hour`;
  const most =
    maxInstances > 1 ? `, ${maxInstances} of them (\`max-instances\`) ${money(pricePerHour * maxInstances)}` : '';
  if (minInstances > 0) {
    const always = `${minInstances} always ${minInstances === 1 ? 'runs' : 'run'} (\`min-instances\`): ${money(pricePerHour * minInstances * 24)} a day at least.`;
    return [`${each}${most}. ${always}`];
  }
  const tail = (pricePerHour * idleMinutes) / 60;
  const start = ((startSeconds ?? 0) * pricePerHour) / 3600;
  const wake =
    startSeconds === undefined
      ? `A wake costs ${money(tail)} for the ${idleMinutes} minutes (\`idle-minutes\`) that the instance stays after its work, and the minutes that it takes to start, which a deploy that starts one measures.`
      : `A wake costs about ${money(start + tail)} beside the work itself: ${duration(startSeconds)} to start, as long as this deploy waited, and ${idleMinutes} minutes (\`idle-minutes\`) until the instance goes.`;
  return [`${each}${most}; nothing while none runs. ${wake}`];
}

/** In the currency of the price; two digits that say something. */
export const money = (value: number): string => (value >= 1 ? value.toFixed(2) : value.toPrecision(2));
