import { expect, test } from '@jest/globals';
import { checkAddress, isPublic, judgedLookup, shownAddress, webAddress } from '../../../src/feeds/address.js';

test.each([
  ['93.184.216.34'],
  ['8.8.8.8'],
  ['2606:4700::6810:85e5'],
  // What IPv6-only networks make of 93.184.216.34.
  ['64:ff9b::5db8:d822'],
])('%s is public', (address) => expect(isPublic(address)).toBe(true));

test.each([
  ['127.0.0.1', 'this machine'],
  ['0.0.0.0', 'this machine'],
  ['10.1.2.3', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.0.1', 'private'],
  ['169.254.169.254', 'metadata of clouds'],
  ['168.63.129.16', 'the host of a machine on Azure'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['192.0.0.192', 'metadata of Oracle'],
  ['198.18.0.1', 'benchmarks'],
  ['203.0.113.5', 'documentation'],
  ['224.0.0.1', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'this machine'],
  ['::1', 'this machine'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local with its interface'],
  ['fd00:ec2::254', 'metadata of AWS'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['::ffff:127.0.0.1', '127.0.0.1 as IPv6'],
  ['::ffff:a9fe:a9fe', '169.254.169.254 as IPv6'],
  ['::127.0.0.1', '127.0.0.1 as IPv6, the old way'],
  ['64:ff9b::a9fe:a9fe', '169.254.169.254 through NAT64'],
  ['64:ff9b:1::808:808', 'NAT64 of a network'],
  ['2002:7f00:1::', '127.0.0.1 through 6to4'],
  ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'Teredo'],
  ['2001:db8::1', 'documentation'],
  ['4000::1', 'not given out'],
  ['localhost', 'no address'],
  ['', 'nothing'],
])('%s is not: %s', (address) => expect(isPublic(address)).toBe(false));

test.each([
  ['http://127.0.0.1/'],
  ['http://2130706433/'],
  ['http://0x7f000001/'],
  ['http://0177.0.0.1/'],
  ['http://127.1/'],
  ['http://127.0.0.1./'],
  ['http://１２７.0.0.1/'],
  ['http://[::1]/'],
  ['http://[::ffff:7f00:1]/'],
  ['http://169.254.169.254/latest/meta-data/'],
])('%s is refused, however it is written', (address) => {
  expect(() => checkAddress(new URL(address), isPublic)).toThrow('is not a public address');
  expect(() => checkAddress(new URL(address), () => true)).not.toThrow();
});

test.each([['file:///etc/passwd'], ['ftp://example.com/a.mp3'], ['data:audio/mpeg;base64,AAAA']])(
  '%s is not of the web',
  (address) => {
    expect(() => checkAddress(new URL(address), () => true)).toThrow('is no address of the web');
  },
);

type Found = { address: string; family: number }[];

/** What a socket gets that asks for a name which stands for these addresses. */
const asked = (found: Found, all: boolean): Promise<unknown[]> =>
  new Promise((resolve) => {
    const lookup = judgedLookup(isPublic, (_, __, callback) => callback(null, found));
    lookup('pod.example', { all }, (...answer) => resolve(answer));
  });

const PUBLIC = { address: '93.184.216.34', family: 4 };

test('a name stands for public addresses', async () => {
  expect(await asked([PUBLIC], true)).toEqual([null, [PUBLIC]]);
  expect(await asked([PUBLIC], false)).toEqual([null, '93.184.216.34', 4]);
});

test('or for none, if one of them is not', async () => {
  const [error] = await asked([PUBLIC, { address: '10.0.0.1', family: 4 }], true);
  expect(error).toMatchObject({
    message: 'pod.example stands for 10.0.0.1, which is not a public address.',
    remedy: expect.stringContaining('allow-private-addresses'),
  });
});

test('what may be a secret in an address is not shown', () => {
  expect(shownAddress('https://me:secret@pod.example:8443/feed?token=secret#x')).toBe(
    'https://pod.example:8443/feed?...',
  );
  expect(shownAddress('no address?token=secret')).toBe('no address?...');
});

test('addresses in documents', () => {
  expect(webAddress('../a b.mp3', 'https://pod.example/x/feed.xml')).toBe('https://pod.example/a%20b.mp3');
  expect(webAddress('//cdn.example/a.mp3', 'https://pod.example/')).toBe('https://cdn.example/a.mp3');
  for (const address of ['javascript:alert(1)', 'http://', undefined]) {
    expect(webAddress(address, 'https://pod.example/')).toBeUndefined();
  }
});
