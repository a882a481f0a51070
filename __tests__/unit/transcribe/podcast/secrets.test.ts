import { describe, expect, test } from '@jest/globals';
import { UserError } from '../../../../src/errors.js';
import {
  isPrivateFeed,
  isSigned,
  lastingAddress,
  reasonOf,
  secretsOf,
  withoutSecrets,
} from '../../../../src/transcribe/podcast/secrets.js';

describe('a private feed', () => {
  test.each([
    [
      'https://www.patreon.com/rss/show?auth=abcDEF123&show=7',
      ['abcDEF123'],
      'https://www.patreon.com/rss/show?auth=***&show=7',
    ],
    ['https://host.example/rss?token=abc', ['abc'], 'https://host.example/rss?token=***'],
    ['https://me:pass%20word@host.example/rss', ['pass%20word', 'pass word'], 'https://host.example/rss'],
    ['https://abcdef@host.example/rss', ['abcdef'], 'https://host.example/rss'],
    [
      'https://app.example.com/feeds/8f4c1a9be2aa8f4c1a9be2aa.rss',
      ['8f4c1a9be2aa8f4c1a9be2aa.rss'],
      'https://app.example.com/feeds/***',
    ],
  ])('is known by its address, and its secrets are not shown: %s', (address, secrets, shown) => {
    expect(secretsOf(address)).toEqual(secrets);
    expect(isPrivateFeed(address)).toBe(true);
    expect(withoutSecrets(address)).toBe(shown);
  });

  test('is known by words in its path, too', () => {
    const address = 'https://api.example.com/podcast/1/private/6f1c2d3e-1111-2222-3333-444455556666.rss';
    expect(isPrivateFeed(address)).toBe(true);
    expect(withoutSecrets(address)).toBe('https://api.example.com/podcast/1/private/***');
    expect(isPrivateFeed('https://example.com/show/premium')).toBe(true);
  });

  test('stays the same podcast when its token is changed', () => {
    const one = lastingAddress('https://a:b@host.example/rss?show=7&auth=one');
    expect(lastingAddress('https://host.example/rss?show=7&auth=two')).toBe(one);
    expect(lastingAddress('https://host.example/rss?show=8&auth=one')).not.toBe(one);
    expect(lastingAddress('tag:example.com,2026:1')).toBe('tag:example.com,2026:1');
  });
});

test.each([
  'https://feeds.megaphone.fm/ADL9840290619',
  'https://anchor.fm/s/1234abcd/podcast/rss',
  'https://feeds.acast.com/public/shows/6f1c2d3e-1111-2222-3333-444455556666',
  'https://feeds.acast.com/public/shows/62f2ee4c3e8c0a0012b8e9d1',
  'https://example.com/the-show-of-2026-about-everything-that-sails.xml?format=audio&author=5',
  'https://example.com/%E6%97%A5%E6%9C%AC%E8%AA%9E%E3%81%AE%E7%95%AA%E7%B5%84/feed.xml',
])('a public feed is not taken for a private one: %s', (address) => {
  expect(isPrivateFeed(address)).toBe(false);
  expect(withoutSecrets(address)).toBe(address);
});

test.each([
  [
    'https://sphinx.acast.com/p/open/s/62f2ee4c3e8c0a0012b8e9d1/e/1/media.mp3?awCollectionId=62f2ee4c3e8c0a0012b8e9d1',
    false,
  ],
  ['https://host.example/1.mp3?_=1&dest-id=123', false],
  ['https://host.example/1.mp3?Expires=1&Signature=x', true],
  ['https://host.example/1.mp3?token=x', true],
  ['https://me@host.example/1.mp3', true],
])('of a public feed %s is signed: %j', (address, expected) => {
  expect(isSigned(address)).toBe(expected);
});

test('a reason has the address, and none of its secrets, whichever way they are written', () => {
  const secret = 'https://me:pass%20word@host.example/a.mp3?token=abc';
  const plain = 'https://host.example/b.mp3';
  const error = new UserError(`${secret} and ${plain}: pass word, abc.`, 'Check it.');
  expect(reasonOf(error, [secret, plain])).toBe(
    'https://host.example/a.mp3?token=*** and https://host.example/b.mp3: ***, ***. Check it.',
  );
});

test('what is no address is not shown at all', () => {
  expect(withoutSecrets('token=abc')).toBe('***');
});
