import type { DescribeEndpointConfigOutput } from '@aws-sdk/client-sagemaker';
import { allPages } from '../../aws/pages.js';
import { described } from '../../aws/sagemaker.js';
import type { Context } from '../../context.js';
import { forEach } from '../../each.js';
import { HASH_LENGTH } from '../content-hash.js';
import { isMadeFor } from '../desired.js';
import { describeEndpointConfig } from '../resources/endpoint-config.js';

/** A Model or an EndpointConfig that this action made for an endpoint. */
export interface Owned {
  name: string;
  /** Milliseconds since the epoch. */
  created: number;
}

export interface OwnedConfig extends Owned {
  models: string[];
  /** `s3://bucket/folder/output` */
  outputPath: string;
}

/** Requests at a time: SageMaker throttles an account's requests that only read, too. */
export const AT_ONCE = 8;

/** The models that deploys of the endpoint made, the newest first. */
export async function ownedModels(context: Context, endpointName: string): Promise<Owned[]> {
  const { clients, signal } = context;
  const sagemaker = await clients.sagemaker();
  const listed = await allPages(async (NextToken) => {
    const page = await sagemaker.listModels({ NameContains: `${endpointName}-`, NextToken }, { abortSignal: signal });
    const items = page.Models?.map(({ ModelName: name, ModelArn: arn, CreationTime }) => ({ name, arn, CreationTime }));
    return { items, next: page.NextToken };
  });
  return ours(context, endpointName, listed);
}

/** The configurations that deploys of the endpoint made, the newest first. */
export async function ownedConfigs(context: Context, endpointName: string): Promise<OwnedConfig[]> {
  const { clients, signal } = context;
  const sagemaker = await clients.sagemaker();
  const listed = await allPages(async (NextToken) => {
    const page = await sagemaker.listEndpointConfigs(
      { NameContains: `${endpointName}-`, NextToken },
      { abortSignal: signal },
    );
    const items = page.EndpointConfigs?.map(({ EndpointConfigName: name, EndpointConfigArn: arn, CreationTime }) => ({
      name,
      arn,
      CreationTime,
    }));
    return { items, next: page.NextToken };
  });
  const found: OwnedConfig[] = [];
  await forEach(await ours(context, endpointName, listed), AT_ONCE, async (config) => {
    const details = await describeEndpointConfig(context, config.name);
    if (details) found.push({ ...config, ...partsOf(details) });
  });
  return newestFirst(found);
}

export const partsOf = ({
  ProductionVariants = [],
  AsyncInferenceConfig,
}: Pick<DescribeEndpointConfigOutput, 'ProductionVariants' | 'AsyncInferenceConfig'>): Pick<
  OwnedConfig,
  'models' | 'outputPath'
> => ({
  models: ProductionVariants.flatMap(({ ModelName }) => ModelName ?? []),
  outputPath: AsyncInferenceConfig?.OutputConfig?.S3OutputPath ?? '',
});

interface Listed {
  name: string | undefined;
  arn: string | undefined;
  CreationTime: Date | undefined;
}

/** NameContains finds more than what begins with it, and a name can be anybody's: the tag says whose it is. */
async function ours({ clients, signal }: Context, endpointName: string, listed: readonly Listed[]): Promise<Owned[]> {
  const sagemaker = await clients.sagemaker();
  const pattern = new RegExp(`^${endpointName}-[0-9a-f]{${HASH_LENGTH}}$`);
  const found: Owned[] = [];
  const named = listed.filter(({ name = '' }) => pattern.test(name));
  await forEach(named, AT_ONCE, async ({ name = '', arn, CreationTime }) => {
    const tags = await described(sagemaker.listTags({ ResourceArn: arn }, { abortSignal: signal }));
    if (!isMadeFor(endpointName, tags?.Tags)) return;
    found.push({ name, created: CreationTime?.getTime() ?? 0 });
  });
  return newestFirst(found);
}

const newestFirst = <T extends Owned>(found: T[]): T[] => found.sort((a, b) => b.created - a.created);
