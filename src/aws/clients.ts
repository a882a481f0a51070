import type { ApplicationAutoScaling } from '@aws-sdk/client-application-auto-scaling';
import type { CloudWatch } from '@aws-sdk/client-cloudwatch';
import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import type { ECR } from '@aws-sdk/client-ecr';
import type { S3 } from '@aws-sdk/client-s3';
import type { SageMaker } from '@aws-sdk/client-sagemaker';
import type { SageMakerRuntime } from '@aws-sdk/client-sagemaker-runtime';
import type { ServiceQuotas } from '@aws-sdk/client-service-quotas';
import type { STS } from '@aws-sdk/client-sts';
import { once } from '../once.js';
import type { CredentialsProvider } from './credentials.js';

/**
 * One AWS client a service, loaded and built when first asked for: loading all of them takes longer than the
 * requests of a run that finds nothing to do.
 */
export interface Clients {
  readonly region: string;
  sts(): Promise<STS>;
  s3(): Promise<S3>;
  /** In the clients' region, or another: a base image may be anywhere. */
  ecr(region?: string): Promise<ECR>;
  sagemaker(): Promise<SageMaker>;
  runtime(): Promise<SageMakerRuntime>;
  /** Sends each request once, for what must not happen twice: after a lost answer the caller has to judge. */
  runtimeOnce(): Promise<SageMakerRuntime>;
  autoscaling(): Promise<ApplicationAutoScaling>;
  cloudwatch(): Promise<CloudWatch>;
  logs(): Promise<CloudWatchLogs>;
  quotas(): Promise<ServiceQuotas>;
}

/** Endpoints come from the environment, as the SDK finds them, and so do credentials where none are given. */
export function createClients(region: string, credentials?: CredentialsProvider): Clients {
  const config = { region, maxAttempts: 5, customUserAgent: 'whisper-sagemaker', ...(credentials && { credentials }) };
  return {
    region,
    sts: once(async () => new (await import('@aws-sdk/client-sts')).STS(config)),
    // Ten thousand files are many requests: when S3 says that they are too many, they slow down together.
    s3: once(async () => new (await import('@aws-sdk/client-s3')).S3({ ...config, retryMode: 'adaptive' })),
    ecr: onceEach(region, async (region) => new (await import('@aws-sdk/client-ecr')).ECR({ ...config, region })),
    sagemaker: once(async () => new (await import('@aws-sdk/client-sagemaker')).SageMaker(config)),
    runtime: once(async () => new (await import('@aws-sdk/client-sagemaker-runtime')).SageMakerRuntime(config)),
    runtimeOnce: once(
      async () =>
        new (await import('@aws-sdk/client-sagemaker-runtime')).SageMakerRuntime({ ...config, maxAttempts: 1 }),
    ),
    autoscaling: once(
      async () => new (await import('@aws-sdk/client-application-auto-scaling')).ApplicationAutoScaling(config),
    ),
    cloudwatch: once(async () => new (await import('@aws-sdk/client-cloudwatch')).CloudWatch(config)),
    logs: once(async () => new (await import('@aws-sdk/client-cloudwatch-logs')).CloudWatchLogs(config)),
    quotas: once(async () => {
      const { ServiceQuotas } = await import('@aws-sdk/client-service-quotas');
      // Nobody depends on it: a network that has no way to it must not hold up a deploy.
      return new ServiceQuotas({ ...config, maxAttempts: 3, requestHandler: { connectionTimeout: 5_000 } });
    }),
  };
}

function onceEach<T>(own: string, make: (region: string) => Promise<T>): (region?: string) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return (region = own) => {
    const found = made.get(region) ?? make(region);
    made.set(region, found);
    return found;
  };
}
