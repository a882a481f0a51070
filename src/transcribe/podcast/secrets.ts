import { UserError } from '../../errors.js';

/** Names of parameters that hold a secret or a signature. */
const SECRET_NAME =
  /token|auth(?!or)|secret|signature|passw|credential|jwt|session|hmac|api[_-]?key|^(?:key|k|sig|s|pass|pwd|p|user|u|tok|t|code|private|access)$/i;
/** Words in the path of feeds that only subscribers get: what comes behind them says which. */
const PRIVATE_PATH = /^(?:private|premium|subscribers?|members?|patrons?)$/i;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const HIDDEN = '***';

/**
 * What in an address lets whoever has it in, as far as it can be told: a user with a password, parameters by their
 * names and their looks, parts of the path that are random or follow a word like `private`. UUIDs are not among them: public feeds have them too.
 */
export function secretsOf(address: string): string[] {
  const url = URL.parse(address);
  if (!url) return [];
  const user = url.password === '' ? url.username : url.password;
  const path = url.pathname.split('/').filter(isSecretPart);
  const secrets = [user, ...parameters(url), ...path].filter((value) => value !== '');
  return [...new Set(secrets.flatMap((value) => [value, decoded(value)]))];
}

/** Whether a feed is for those only who have its address. Nothing that its episodes are found by is shown then. */
export function isPrivateFeed(address: string): boolean {
  const parts = URL.parse(address)?.pathname.split('/') ?? [];
  return secretsOf(address).length > 0 || parts.some((part) => PRIVATE_PATH.test(part));
}

/** Whether an address out of a public feed lets in whoever has it, or for a while only. Random parts are ids there. */
export function isSigned(address: string): boolean {
  const url = URL.parse(address);
  return !!url && (url.username !== '' || [...url.searchParams.keys()].some((name) => SECRET_NAME.test(name)));
}

/** An address for people: with stars for its secrets. */
export function withoutSecrets(address: string): string {
  const url = URL.parse(address);
  if (!url) return HIDDEN;
  const path = url.pathname.split('/').map((part, index, all) => (isSecretPart(part, index, all) ? HIDDEN : part));
  const query = [...url.searchParams].map(([name, value]) => `${name}=${isSecret(name, value) ? HIDDEN : value}`);
  return `${url.origin}${path.join('/')}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}

/** Why something could not be had, in words, without the secrets of these addresses. */
export function reasonOf(error: unknown, addresses: readonly string[]): string {
  const said = error instanceof UserError ? `${error.message} ${error.remedy}` : (error as Error).message;
  const whole = addresses.map((address): [string, string] => [address, withoutSecrets(address)]);
  const parts = addresses.flatMap(secretsOf).map((secret): [string, string] => [secret, HIDDEN]);
  return [...whole, ...parts].reduce((text, [from, to]) => text.replaceAll(from, to), said).trim();
}

/**
 * What a feed, or an episode by its address, stays known by when its token is changed: the address without the secrets
 * that go before or behind it. Not for people.
 */
export function lastingAddress(address: string): string {
  const url = URL.parse(address);
  if (!url || !/^https?:$/.test(url.protocol)) return address;
  const query = [...url.searchParams].filter(([name, value]) => !isSecret(name, value));
  return `${url.host}${url.pathname}?${query.map((pair) => pair.join('=')).join('&')}`;
}

const parameters = (url: URL): string[] =>
  [...url.searchParams].filter(([name, value]) => isSecret(name, value)).map(([, value]) => value);

/** Of a path, given by its place among all parts. */
const isSecretPart = (part: string, index: number, parts: readonly string[]): boolean =>
  (isRandom(part) && !parts.includes('public')) || (/\d/.test(part) && PRIVATE_PATH.test(parts[index - 1] ?? ''));

const isSecret = (name: string, value: string): boolean => value !== '' && (SECRET_NAME.test(name) || isRandom(value));

/** Long, of letters and digits, and no words with hyphens between them. */
function isRandom(text: string): boolean {
  const name = decoded(text).replace(/\.(?:xml|rss|atom|json)$/i, '');
  if (UUID.test(name) || !/^[\w.~+=-]{20,}$/.test(name)) return false;
  return name.split(/[-.]/).some((word) => word.length >= 16 && /\d/.test(word) && /[a-z]/i.test(word));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
