import * as z from 'zod/mini';
import { text } from './inputs.js';

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
