import { UserError } from '../errors.js';

/** Regions whose registry of AWS's Deep Learning Containers is that of account 763104351884. */
const COMMON_ACCOUNT = '763104351884';
const COMMON_REGIONS = [
  'us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 sa-east-1',
  'eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3',
  'ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2',
].flatMap((regions) => regions.split(' '));

/** The others (sagemaker-python-sdk, image_uri_config/pytorch.json; deep-learning-containers, region_availability.md). */
const ACCOUNTS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(COMMON_REGIONS.map((region) => [region, COMMON_ACCOUNT])),
  'af-south-1': '626614931356',
  'ap-east-1': '871362719292',
  'ap-east-2': '975050140332',
  'ap-northeast-3': '364406365360',
  'ap-south-2': '772153158452',
  'ap-southeast-3': '907027046896',
  'ap-southeast-4': '457447274322',
  'ap-southeast-5': '550225433462',
  'ap-southeast-6': '633930458069',
  'ap-southeast-7': '590183813437',
  'ca-west-1': '204538143572',
  'cn-north-1': '727897471807',
  'cn-northwest-1': '727897471807',
  'eu-central-2': '380420809688',
  'eu-south-1': '692866216735',
  'eu-south-2': '503227376785',
  'il-central-1': '780543022126',
  'me-central-1': '914824155844',
  'me-south-1': '217643126080',
  'mx-central-1': '637423239942',
  'us-gov-east-1': '446045086412',
  'us-gov-west-1': '442386744353',
};

/**
 * The last ones with TorchServe, the server that AWS's inference toolkit for PyTorch starts. AWS patched them until
 * 2026-06-30 (aws.github.io/deep-learning-containers, support policy), so these tags move no more.
 */
const TAGS = {
  cuda: '2.6.0-gpu-py312-cu124-ubuntu22.04-sagemaker',
  cpu: '2.6.0-cpu-py312-ubuntu22.04-sagemaker',
} as const;

/**
 * URI of AWS's PyTorch inference image in a region.
 * @throws UserError when AWS has none there
 */
export function inferenceImage(region: string, flavour: keyof typeof TAGS): string {
  const account = ACCOUNTS[region];
  if (account === undefined) {
    throw new UserError(
      `The region ${region} has no registry of AWS's Deep Learning Containers that this action knows (input \`base-image\`: dlc).`,
      'Give the full URI of the image as `base-image`, or leave `base-image` empty to build on Python alone.',
    );
  }
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `${account}.dkr.ecr.${region}.${suffix}/pytorch-inference:${TAGS[flavour]}`;
}
