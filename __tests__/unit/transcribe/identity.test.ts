import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { UserError } from '../../../src/errors.js';
import { canonicalJson, jobKey } from '../../../src/ledger/key.js';
import type { Audio } from '../../../src/transcribe/audio.js';
import { jobsOf } from '../../../src/transcribe/job.js';
import { customAttributes } from '../../../src/transcribe/submit/attributes.js';

const identity = { audio: 'aa', options: { language: 'ja', prompt: 'p' }, modelRevision: 'r', transcriber: '1' };

describe('a job’s key', () => {
  test('does not depend on the order in which the options were given', () => {
    const turned = { transcriber: '1', modelRevision: 'r', options: { prompt: 'p', language: 'ja' }, audio: 'aa' };
    expect(jobKey(turned)).toBe(jobKey(identity));
  });

  test('is the SHA-256 of the canonical JSON: another one would bill every user again', () => {
    const json = '{"audio":"aa","modelRevision":"r","options":{"language":"ja","prompt":"p"},"transcriber":"1"}';
    expect(canonicalJson(identity)).toBe(json);
    expect(jobKey(identity)).toBe(createHash('sha256').update(json).digest('hex'));
  });

  test.each([
    { audio: 'ab' },
    { options: {} },
    { options: { language: 'ja', prompt: 'q' } },
    { modelRevision: 's' },
    { transcriber: '2' },
  ])('changes with %j', (change) => {
    expect(jobKey({ ...identity, ...change })).not.toBe(jobKey(identity));
  });
});

test('files of the same content are one job', () => {
  const file = (path: string, identity: string): Audio => ({
    path,
    bytes: 1,
    identity,
    content: { kind: 'file', path, extract: false },
    contentType: 'audio/mpeg',
    options: {},
    speakers: [],
  });
  const identityOf = ({ identity: audio }: Audio) => ({ audio, options: {}, modelRevision: 'r', transcriber: '1' });
  const jobs = jobsOf([file('a', '1'), file('b', '2'), file('c', '1')], identityOf);
  expect(jobs.map(({ identity, files }) => [identity.audio, files.map(({ path }) => path)])).toEqual([
    ['1', ['a', 'c']],
    ['2', ['b']],
  ]);
});

describe('custom attributes', () => {
  const unpacked = (attributes: string | undefined) =>
    JSON.parse(inflateRawSync(Buffer.from(attributes ?? '', 'base64url')).toString('utf8'));

  test('are left out without options, and JSON where a person can read it', () => {
    expect(customAttributes({})).toBeUndefined();
    expect(customAttributes({ task: 'translate', language: 'de' })).toBe('{"language":"de","task":"translate"}');
  });

  test('are packed where a character is not visible ASCII, a space included', () => {
    for (const prompt of ['two words', 'Grüße']) {
      const attributes = customAttributes({ prompt });
      expect(attributes).toMatch(/^[\w-]+$/);
      expect(unpacked(attributes)).toEqual({ prompt });
    }
  });

  test('hold a Japanese prompt of 250 characters and 20 hotwords', () => {
    const prompt =
      '東京都知事は本日の定例会見で、来年度の予算案について説明した。教育と防災に重点を置き、老朽化した橋や水道管の更新を急ぐという。記者からは財源をめぐる質問が相次いだが、知事は基金の取り崩しと歳出の見直しで対応できると述べた。' +
      '続いて気象庁の担当者が、今夏の猛暑と台風の見通しを解説し、熱中症への警戒を呼びかけた。番組の後半では、作家の村上氏を迎え、新作の長編小説に込めた思いや、翻訳の苦労、深夜のラジオが若い頃の創作に与えた影響について語ってもらう。司会は鈴木、音楽は山田が担当した。最後にお便りを紹介する。ご期待ください。';
    const hotwords =
      '鈴木一郎,村上春樹,山田太郎,気象庁,新宿区,霞が関,国土交通省,防災無線,首都高速,隅田川,江東区,豊洲市場,夢の島,有明,お台場,羽田空港,成田空港,東海道,中央線,山手線';
    expect(prompt.length).toBeGreaterThanOrEqual(250);
    expect(hotwords.split(',').length).toBe(20);
    const options = { language: 'ja', prompt: prompt.slice(0, 250), hotwords };
    const attributes = customAttributes(options);
    expect(attributes?.length).toBeLessThanOrEqual(1024);
    expect(unpacked(attributes)).toEqual(options);
  });

  test('that are too long are refused, with their length', () => {
    const prompt = Array.from({ length: 600 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000))).join('');
    const refused = () => customAttributes({ prompt });
    expect(refused).toThrow(UserError);
    expect(refused).toThrow(/need \d{4} characters, and SageMaker takes 1024/);
  });
});
