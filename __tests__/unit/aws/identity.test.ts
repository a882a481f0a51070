import { expect, test } from '@jest/globals';
import { requireAccount } from '../../../src/aws/identity.js';

test('credentials of another account than the allowed one are refused; without the input any account is right', () => {
  expect(() => requireAccount('123456789012', undefined)).not.toThrow();
  expect(() => requireAccount('123456789012', '123456789012')).not.toThrow();
  expect(() => requireAccount('123456789012', '210987654321')).toThrow(
    /account 123456789012; the input `allowed-account-id` allows 210987654321 only/,
  );
});
