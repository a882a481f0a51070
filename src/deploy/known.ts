import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';

/** What is known only once an earlier resource was read or made. */
export interface Known {
  /** URI of the image's repository, without tag and digest. */
  imageRepositoryUri?: string;
  /** Whether the repository lets the tags of the build's cache move. */
  cacheTagsMove?: boolean;
  /** `sha256:…` */
  imageDigest?: string;
  endpointArn?: string;
  /** The endpoint as it was found. */
  endpoint?: DescribeEndpointOutput;
  /** Whether the endpoint is on its way to another configuration. */
  deploying?: boolean;
  /** ARNs of the scaling policies that alarms call, by policy name. */
  policyArns?: Readonly<Record<string, string>>;
}
