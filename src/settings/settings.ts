import { type DeploySettings, deploySettings } from './deploy.js';
import { badInputs, readInputs, wrong } from './inputs.js';
import { type DestroySettings, destroySettings, type PruneSettings, pruneSettings } from './remove.js';
import { type TranscribeSettings, transcribeSettings } from './transcribe.js';

export type Settings = DeploySettings | PruneSettings | DestroySettings | TranscribeSettings;

/**
 * What this run shall do, from the step's inputs.
 * @throws UserError that lists every bad input
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const inputs = readInputs(environment);
  inputs['aws-region'] ||= environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || '';
  const mode = inputs['mode'] ?? '';
  switch (mode) {
    case 'plan':
    case 'deploy':
      return deploySettings(mode, inputs);
    case 'prune':
      return pruneSettings(inputs);
    case 'destroy':
      return destroySettings(inputs);
    case 'transcribe':
      return transcribeSettings(inputs, environment['GITHUB_WORKSPACE'] || process.cwd());
    default:
      throw badInputs([wrong('mode', mode, 'must be `plan`, `deploy`, `transcribe`, `prune` or `destroy`')]);
  }
}
