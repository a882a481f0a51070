import * as z from 'zod/mini';
import { choice, matching, optional, text, wholeNumber } from './inputs.js';

/** 50 and not SageMaker's 63: the names of its Model and EndpointConfig add 13 characters. */
export const endpointName = text.check(
  z.regex(/^[a-zA-Z0-9](?:-*[a-zA-Z0-9])*$/, {
    error: 'must be letters, digits and hyphens, with a letter or digit at both ends',
  }),
  z.maxLength(50, { error: 'must have 50 characters at most (SageMaker allows 63, and 13 are added for its model)' }),
);

export const region = text.check(
  z.regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, {
    error:
      'must be an AWS region such as eu-west-1; set it here, or AWS_REGION in the environment (aws-actions/configure-aws-credentials does)',
  }),
);

/** What every mode takes. */
export interface CommonSettings {
  endpointName: string;
  region: string;
  /** Twelve digits; undefined: any account. */
  allowedAccountId: string | undefined;
  /** ARN of the role whose credentials the step takes by itself; undefined: those of the environment. */
  roleToAssume: string | undefined;
}

export const common = {
  'endpoint-name': endpointName,
  'aws-region': region,
  'allowed-account-id': optional(/^\d{12}$/, 'must be the twelve digits of an AWS account'),
  'role-to-assume': optional(
    /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/,
    'must be the ARN of a role, as arn:aws:iam::123456789012:role/name',
  ),
};

export const commonSettings = (given: {
  'endpoint-name': string;
  'aws-region': string;
  'allowed-account-id': string | undefined;
  'role-to-assume': string | undefined;
}): CommonSettings => ({
  endpointName: given['endpoint-name'],
  region: given['aws-region'],
  allowedAccountId: given['allowed-account-id'],
  roleToAssume: given['role-to-assume'],
});

/** Where the things of an endpoint lie, for the modes that make or remove them. */
export const places = {
  bucket: optional(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of an S3 bucket'),
  prefix: optional(
    /^(?!\/)(?!.*\/\/)[\w!.*'()/-]{1,200}$/,
    'must be a folder in the bucket, as team/whisper, without a leading slash',
  ),
  'ecr-repository': matching(
    /^(?:\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/)?(?=.{2,256}$)[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/,
    'must be the name of an ECR repository (lower-case letters, digits, and - _ . / between them), or the URI of one, as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/name',
  ),
};

/** Folder of an endpoint in its bucket, with a slash at its end: no two endpoints share one. */
export const folderOf = (prefix: string | undefined, name: string): string =>
  `${prefix === undefined ? '' : `${prefix.replace(/\/+$/, '')}/`}${name}/`;

/** What to do when work is under way on instances that have to go. */
export const drain = {
  'drain-minutes': wholeNumber(0, 720),
  'when-busy': choice('wait', 'update'),
};

export interface DrainSettings {
  drainMinutes: number;
  /** `update`: go on although work is under way. */
  whenBusy: 'wait' | 'update';
}

/** Whether a pull request is told; empty: as the mode has it. */
export const comment = optional(/^(?:true|false)$/, 'must be `true`, `false` or empty');

/** How many good configurations stay beside the one that serves. */
export const keep = { keep: matching(/^(?:all|\d{1,3})$/, 'must be a number of configurations to keep, or `all`') };

export const kept = (value: string): number | 'all' => (value === 'all' ? value : Number(value));
