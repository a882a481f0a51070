import type { ContainerDefinition, DescribeModelOutput } from '@aws-sdk/client-sagemaker';
import { allPages } from '../../aws/pages.js';
import type { Context } from '../../context.js';
import { forEach } from '../../each.js';
import { describeModel } from '../resources/model.js';
import { AT_ONCE } from './owned.js';

/** What an instance loads to start a model. */
export interface ModelNeeds {
  name: string;
  /** URIs of images. */
  images: string[];
  /** `s3://…`: objects, and prefixes of objects. */
  data: string[];
}

/** What every model of the account and region needs, whoever made it. A request for each 100 models, and one a model. */
export async function accountModels(context: Context): Promise<ModelNeeds[]> {
  const { clients, signal } = context;
  const sagemaker = await clients.sagemaker();
  const names = await allPages(async (NextToken) => {
    const page = await sagemaker.listModels({ MaxResults: 100, NextToken }, { abortSignal: signal });
    return { items: page.Models?.map(({ ModelName = '' }) => ModelName), next: page.NextToken };
  });
  return modelNeeds(context, names);
}

/** What these models need; one that is gone needs nothing. */
export async function modelNeeds(context: Context, names: Iterable<string>): Promise<ModelNeeds[]> {
  const found: ModelNeeds[] = [];
  await forEach(names, AT_ONCE, async (name) => {
    const model = await describeModel(context, name);
    if (model) found.push(needsOf(name, model));
  });
  return found;
}

/** Pure. */
export function needsOf(
  name: string,
  { PrimaryContainer, Containers = [] }: Pick<DescribeModelOutput, 'PrimaryContainer' | 'Containers'>,
): ModelNeeds {
  const containers = [...(PrimaryContainer ? [PrimaryContainer] : []), ...Containers];
  return {
    name,
    images: containers.flatMap(({ Image }) => Image ?? []),
    data: containers.flatMap(dataOf).filter((uri) => uri !== undefined),
  };
}

const dataOf = ({ ModelDataUrl, ModelDataSource, AdditionalModelDataSources = [] }: ContainerDefinition) => [
  ModelDataUrl,
  ...[ModelDataSource, ...AdditionalModelDataSources].flatMap((source) => [
    source?.S3DataSource?.S3Uri,
    source?.S3DataSource?.ManifestS3Uri,
  ]),
];

/**
 * Whether a model loads something of a prefix.
 * @param prefix `s3://bucket/…/`, with a slash at its end
 */
export const needsPrefix = ({ data }: ModelNeeds, prefix: string): boolean =>
  data.some((uri) => uri.startsWith(prefix) || prefix.startsWith(uri));
