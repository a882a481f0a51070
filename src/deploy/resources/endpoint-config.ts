import { retrying } from '../../aws/retry.js';
import { createdOrThere, described, isNotYetVisible } from '../../aws/sagemaker.js';
import type { Context } from '../../context.js';
import type { DeploySettings } from '../../settings/deploy.js';
import { created } from '../changes.js';
import { accepted } from '../refusal.js';
import type { Resource } from '../resource.js';
import { notYetNamed } from './model.js';

/** Whether a configuration of the wanted name, and so of the wanted content, is there. */
export const endpointConfig: Resource<boolean> = {
  async read(context, { endpointConfig }) {
    return (
      endpointConfig !== undefined &&
      (await describeEndpointConfig(context, endpointConfig.EndpointConfigName)) !== undefined
    );
  },

  compare: ({ endpointConfig, endpointName }, found) => [
    created('endpoint configuration', endpointConfig?.EndpointConfigName ?? notYetNamed(endpointName), found),
  ],

  async apply(context, { endpointConfig }) {
    const { clients, signal } = context;
    if (endpointConfig === undefined) throw new Error('The configuration was asked for before its image was known.');
    const sagemaker = await clients.sagemaker();
    const create = () => createdOrThere(sagemaker.createEndpointConfig(endpointConfig, { abortSignal: signal }));
    await accepted(
      `the configuration ${endpointConfig.EndpointConfigName}`,
      retrying(context, isNotYetVisible, create),
    );
    return {};
  },
};

export async function describeEndpointConfig({ clients, signal }: Context, EndpointConfigName: string) {
  const sagemaker = await clients.sagemaker();
  return described(sagemaker.describeEndpointConfig({ EndpointConfigName }, { abortSignal: signal }));
}

/** The instance types of a configuration, in the order of preference; undefined: there is no such configuration. */
export async function servedTypes(
  context: Context,
  name: string,
): Promise<DeploySettings['instanceTypes'] | undefined> {
  const [variant] = (await describeEndpointConfig(context, name))?.ProductionVariants ?? [];
  const pools = [...(variant?.InstancePools ?? [])].sort((a, b) => (a.Priority ?? 0) - (b.Priority ?? 0));
  const [first, ...others] = [variant?.InstanceType, ...pools.map(({ InstanceType }) => InstanceType)].filter(
    (type) => type !== undefined,
  );
  return first === undefined ? undefined : [first, ...others];
}
