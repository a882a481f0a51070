import type { CreateEndpointConfigInput, CreateModelInput, DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import type { FieldChange } from './changes.js';
import type { Desired } from './desired.js';
import { differences } from './difference.js';

/** What an endpoint serves, in the fields of the wanted specs. */
export interface Served {
  config: unknown;
  model: unknown;
  /** Of the action that made the model. */
  version: string | undefined;
}

/**
 * Fields that a spec has only when the inputs ask for them. What was found and is not wanted any more would go unseen
 * otherwise: Describe answers with more than was asked for, so that not every field that is found was wanted once.
 */
const OPTIONAL = [
  'VpcConfig',
  'KmsKeyId',
  'ProductionVariants[0].InstanceType',
  'ProductionVariants[0].InstancePools',
  'ProductionVariants[0].VolumeSizeInGB',
  'ProductionVariants[0].InferenceAmiVersion',
  'AsyncInferenceConfig.OutputConfig.KmsKeyId',
  'AsyncInferenceConfig.OutputConfig.NotificationConfig.SuccessTopic',
  'AsyncInferenceConfig.OutputConfig.NotificationConfig.ErrorTopic',
  'PrimaryContainer.ModelDataSource',
  'PrimaryContainer.ModelDataUrl',
] as const;

/** The fields in which what is wanted differs from what is served, those that go included. Pure. */
export function servedFields(
  desired: Desired,
  endpoint: Pick<DescribeEndpointOutput, 'EndpointConfigName'>,
  served: Served | undefined,
): FieldChange[] {
  const wanted = content({ ...desired.endpointConfig, ...desired.model });
  const found = content({ ...(served?.config as object), ...(served?.model as object) });
  const changed = [...differences(wanted, found), ...removed(wanted, found)];
  const image = changed.some(({ field }) => field === 'PrimaryContainer.Image');
  return [
    ...(image && served?.version !== desired.version
      ? [{ field: 'container', old: served?.version ?? '', new: desired.version }]
      : []),
    {
      field: 'EndpointConfigName',
      old: endpoint.EndpointConfigName ?? '',
      new: desired.endpointConfig?.EndpointConfigName ?? '(known after the build)',
    },
    ...changed.map((change) => ({ ...change, field: change.field.replace(/^ProductionVariants\[0\]\./, '') })),
  ];
}

/** The names differ because the content does; tags are no content, and Describe does not give them. */
function content(spec: Partial<CreateEndpointConfigInput & CreateModelInput>): Record<string, unknown> {
  const { Tags, ModelName, EndpointConfigName, ProductionVariants = [], ...fields } = spec;
  const variants = ProductionVariants.map(({ ModelName: _, ...variant }) => variant);
  return { ...fields, ...(variants.length > 0 && { ProductionVariants: variants }) };
}

function removed(wanted: Record<string, unknown>, found: Record<string, unknown>): FieldChange[] {
  // Without an image that is known, no spec is wanted yet.
  if (Object.keys(wanted).length === 0) return [];
  const environment = Object.keys((at(found, 'PrimaryContainer.Environment') as object | undefined) ?? {});
  return [...OPTIONAL, ...environment.map((name) => `PrimaryContainer.Environment.${name}`)].flatMap((path) =>
    // What is wanted in place of nothing differs anyway.
    at(wanted, path) === undefined && at(found, path) !== undefined
      ? differences(undefined, at(found, path), path)
      : [],
  );
}

/** The value at a dotted path, as `differences` writes it. */
function at(value: unknown, path: string): unknown {
  return path
    .split(/[.[\]]+/)
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}
