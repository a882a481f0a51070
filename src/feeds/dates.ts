/** Hours that zones are ahead of UTC: those of RFC 822, which Date.parse knows, are not here. */
const ZONES: Readonly<Record<string, string>> = {
  UT: '+0000',
  WET: '+0000',
  WEST: '+0100',
  BST: '+0100',
  CET: '+0100',
  CEST: '+0200',
  EET: '+0200',
  EEST: '+0300',
  MSK: '+0300',
  IST: '+0530',
  HKT: '+0800',
  JST: '+0900',
  KST: '+0900',
  AEST: '+1000',
  AEDT: '+1100',
  NZST: '+1200',
  NZDT: '+1300',
};

/**
 * A date as feeds write it: RFC 822 (also with names of zones that it does not have), or ISO 8601. Without a zone it is
 * UTC, on every machine.
 * @returns undefined for what is no date
 */
export function parseDate(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const plain = text.trim().replace(/\b[A-Z]{2,4}$/, (zone) => ZONES[zone] ?? zone);
  const time = Date.parse(hasZone(plain) ? plain : withUtc(plain));
  return Number.isNaN(time) ? undefined : new Date(time);
}

const hasZone = (text: string): boolean => /([+-]\d{2}:?\d{2}|[A-Z]{1,4})$/i.test(text);

/** `2026-11-23T10:00` takes a Z, `23 Nov 2026 10:00` a word; a day alone in ISO 8601 is UTC already. */
const withUtc = (text: string): string =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : `${text}${/\dT\d/.test(text) ? 'Z' : ' GMT'}`;
