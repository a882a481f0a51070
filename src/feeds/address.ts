import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { UserError } from '../errors.js';

/** Addresses that Azure, where GitHub's runners are, answers its machines on. It is in no registry of special ones. */
const AZURE_HOST = '168.63.129.16';
/** What IPv6-only networks reach IPv4 by (RFC 6052): the last four bytes are an IPv4 address. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
/** The only part of IPv6 that is given out to the public internet (RFC 4291, IANA). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** Whether an IP address belongs to the public internet: not this machine, its network, its cloud, or a reserved range. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4 address in IPv6's clothes is judged as what it is.
  let ip = ipaddr.process(address);
  if (ip.kind() === 'ipv6' && ip.match(NAT64)) ip = new ipaddr.IPv4(ip.toByteArray().slice(12));
  if (ip.toString() === AZURE_HOST || ip.range() !== 'unicast') return false;
  return ip.kind() === 'ipv4' || ip.match(GLOBAL_UNICAST);
}

/** Whether a host at this IP address may be asked. */
export type Judge = (address: string) => boolean;

/**
 * A `lookup` for sockets, which gives addresses that may be asked, or none. The socket connects to just what was judged
 * here: a name that stands for something else a moment later (DNS rebinding) gains nothing.
 * @param lookup how names are resolved, such as by the system
 */
export function judgedLookup(judge: Judge, lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) =>
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : (found ?? []);
      const hidden = addresses.find(({ address }) => !judge(address));
      if (error || hidden) return callback(error ?? notPublic(hostname, hidden?.address), []);
      const [first] = addresses;
      if (options.all || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
}

/**
 * Refuses what is not http or https, and a host that is written as an address which may not be asked. URL has already put
 * every spelling of it (decimal, octal, hexadecimal, short) into the usual one.
 * @throws UserError
 */
export function checkAddress(url: URL, judge: Judge): void {
  if (!isWeb(url)) {
    throw new UserError(
      `${shownAddress(url)} is no address of the web: it starts with ${url.protocol}`,
      'Feeds and episodes come by http or https.',
    );
  }
  // A socket resolves no address, so that the lookup does not see it.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !judge(host)) throw notPublic(host, host);
}

const notPublic = (host: string, address = ''): UserError =>
  new UserError(
    `${host === address ? host : `${host} stands for ${address}, which`} is not a public address.`,
    'Check the address. If the podcast is on a network of your own, set `allow-private-addresses: true`.',
  );

/** An address in a document, made absolute; undefined: it is none of the web. */
export function webAddress(address: string | undefined, base: string): string | undefined {
  const url = address === undefined ? null : URL.parse(address, base);
  return url !== null && isWeb(url) ? url.href : undefined;
}

const isWeb = ({ protocol }: URL): boolean => protocol === 'http:' || protocol === 'https:';

/** An address for people and logs: without what may be a secret in it, a password or the query. */
export function shownAddress(address: string | URL): string {
  const url = address instanceof URL ? address : URL.parse(address);
  if (url === null) return String(address).replace(/\?.*$/s, '?...');
  return `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?...'}`;
}
