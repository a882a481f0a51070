import { retrying } from '../../aws/retry.js';
import { createdOrThere, described, isNotYetVisible } from '../../aws/sagemaker.js';
import type { Context } from '../../context.js';
import { created } from '../changes.js';
import { accepted } from '../refusal.js';
import type { Resource } from '../resource.js';

/** Whether a model of the wanted name, and so of the wanted content, is there. */
export const model: Resource<boolean> = {
  async read(context, { model }) {
    return model !== undefined && (await describeModel(context, model.ModelName)) !== undefined;
  },

  compare: ({ model, endpointName }, found) => [created('model', model?.ModelName ?? notYetNamed(endpointName), found)],

  async apply(context, { model }) {
    const { clients, signal } = context;
    if (model === undefined) throw new Error('The model was asked for before its image was known.');
    const sagemaker = await clients.sagemaker();
    const create = () => createdOrThere(sagemaker.createModel(model, { abortSignal: signal }));
    // An execution role that was just made takes IAM some seconds.
    await accepted(`the model ${model.ModelName}`, retrying(context, isNotYetVisible, create));
    return {};
  },
};

/** The name of what carries the digest of an image that is yet to be built. */
export const notYetNamed = (endpointName: string): string => `${endpointName}-(known after the build)`;

export async function describeModel({ clients, signal }: Context, ModelName: string) {
  const sagemaker = await clients.sagemaker();
  return described(sagemaker.describeModel({ ModelName }, { abortSignal: signal }));
}
