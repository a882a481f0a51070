// What the reusable workflows take from action.yml: their inputs, the `with:` of their steps and their outputs stand
// between `# action.yml: <block>` and `# end` in .github/workflows, and script/docs.ts writes them there.
import { stringify } from 'yaml';

export interface Action {
  inputs: Record<string, { description: string; default?: string; required?: boolean }>;
  outputs: Record<string, { description: string }>;
}

export type Name = 'deploy' | 'transcribe' | 'podcast';

interface Spec {
  /** Modes of the action whose inputs the workflow takes; those of no mode belong to all. */
  modes: string[];
  /** Inputs that it does not take. */
  without: string[];
  required: string[];
  /** Defaults that differ from the action's. */
  defaults?: Record<string, string>;
  /** Descriptions that differ from the action's. */
  descriptions?: Record<string, string>;
  outputs: string[];
}

/** The environment, in which the action looks as well, is not handed to a workflow that is called. */
const REGION = { 'aws-region': 'AWS region.' };

/** Secrets of the workflow, or said by it. */
const NEVER = ['mode', 'github-token', 'hub-token'];

const OF_EPISODES = [
  'feeds',
  'max-episodes',
  'episode-titles',
  'episodes-since',
  'episodes-until',
  'transcribed-episodes',
  'public-base-url',
  'feed-copy',
  'allow-private-addresses',
];

/** `report` and `transcripts` are left out: an archive's are longer than the 1 MB that a job can hand on. */
const OF_TRANSCRIPTS = [
  'transcribed',
  'reused',
  'failed',
  'pending',
  'audio-seconds',
  'published',
  'commit-sha',
  'artifact-id',
  'pull-request-number',
  'pull-request-url',
];

export const SPECS: Record<Name, Spec> = {
  deploy: {
    modes: ['plan', 'deploy'],
    without: NEVER,
    required: ['aws-region', 'execution-role-arn'],
    // A pull request is for all kinds of things, and an approval is asked of a person.
    defaults: { 'deployment-paths': '{workflow}' },
    descriptions: REGION,
    // Without the ARN and the bucket, which hold the account's id: where that is masked, GitHub drops them.
    outputs: ['endpoint-name', 'image-repository', 'image-digest'],
  },
  transcribe: {
    modes: ['transcribe'],
    without: [...NEVER, ...OF_EPISODES],
    required: ['aws-region'],
    descriptions: {
      ...REGION,
      files:
        'Globs of the audio files in the workspace, one a line. Those that begin with `s3://` are globs of objects, which are used where they are.',
    },
    outputs: ['files-found', ...OF_TRANSCRIPTS],
  },
  podcast: {
    modes: ['transcribe'],
    // What concerns the files of a repository, and pull requests, of which a schedule has none.
    without: [
      ...[...NEVER, 'files', 'exclude', 'changed-only', 'if-no-files-found', 'repository-path', 'audio-base-url'],
      'comment',
    ],
    required: ['aws-region'],
    descriptions: REGION,
    outputs: OF_TRANSCRIPTS,
  },
};

/** Its default is a number, but it also takes `all`. */
const TEXTS = ['keep'];

/** `plan` and `deploy` for the description "`plan` and `deploy`: ...". */
const OF_MODES = /^(`\w+`(?:(?:, | and )`\w+`)*)(?:, required)?: /;

/** Names of the action's inputs that a workflow takes, in their order. */
export function inputsOf(action: Action, name: Name): string[] {
  const { modes, without } = SPECS[name];
  return Object.entries(action.inputs)
    .filter(([input, { description }]) => {
      const [, listed] = OF_MODES.exec(description) ?? [];
      return !without.includes(input) && (!listed || modes.some((mode) => listed.includes(`\`${mode}\``)));
    })
    .map(([input]) => input);
}

/** A description without the modes that it is of. */
const sentence = (description: string): string =>
  description.replace(OF_MODES, '').replace(/^[a-z]/, (letter) => letter.toUpperCase());

function typeOf(input: string, standard: string): 'boolean' | 'number' | 'string' {
  if (/^(?:true|false)$/.test(standard)) return 'boolean';
  return /^\d+$/.test(standard) && !TEXTS.includes(input) ? 'number' : 'string';
}

function inputBlock(action: Action, name: Name): string {
  const { required, defaults, descriptions } = SPECS[name];
  const entries = inputsOf(action, name).map((input) => {
    const { description, default: own = '' } = action.inputs[input] as Action['inputs'][string];
    const standard = defaults?.[input] ?? own;
    const type = typeOf(input, standard);
    const value = type === 'string' ? standard : JSON.parse(standard);
    const told = descriptions?.[input] ?? sentence(description);
    const rest = required.includes(input) ? { required: true } : standard === '' ? {} : { default: value };
    return [input, { description: told, type, ...rest }];
  });
  return stringify(Object.fromEntries(entries), { lineWidth: 0 });
}

/** What a step gives to the action, without the names that the workflow gives by itself. */
function withBlock(action: Action, name: Name, without: string[]): string {
  const names = inputsOf(action, name).filter((input) => !without.includes(input));
  return names.map((input) => `${input}: \${{ inputs.${input} }}\n`).join('');
}

const outputBlock = (action: Action, name: Name): string =>
  stringify(
    Object.fromEntries(
      SPECS[name].outputs.map((output) => {
        const told = sentence(action.outputs[output]?.description ?? '');
        return [output, { description: told, value: `\${{ jobs.${job(name)}.outputs.${output} }}` }];
      }),
    ),
    { lineWidth: 0 },
  );

const job = (name: Name): string => (name === 'deploy' ? 'deploy' : 'transcribe');

/** Of the job whose step has the id `action`. */
const jobOutputBlock = (name: Name): string =>
  SPECS[name].outputs.map((output) => `${output}: \${{ steps.action.outputs.${output} }}\n`).join('');

const BLOCK = /^( *)# action\.yml: (inputs|with|outputs|job outputs)(?:, without ([\w, -]+))?\n[\s\S]*?^\1# end$/gm;

/** The text of a workflow with its blocks written anew. */
export function filledIn(workflow: string, action: Action, name: Name): string {
  return workflow.replace(BLOCK, (found: string, indent: string, kind: string, without = '') => {
    const [head = ''] = found.split('\n', 1);
    const text = {
      inputs: () => inputBlock(action, name),
      with: () => withBlock(action, name, without.split(', ')),
      outputs: () => outputBlock(action, name),
      'job outputs': () => jobOutputBlock(name),
    }[kind as 'inputs']();
    return `${head}\n${text.replace(/^(?=.)/gm, indent)}${indent}# end`;
  });
}
