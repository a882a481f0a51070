import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..');

interface Workflow {
  on: { workflow_call: { inputs: Record<string, Input>; secrets: object; outputs: Record<string, { value: string }> } };
  permissions?: object;
  jobs: Record<string, Job>;
}
interface Input {
  description?: string;
  type: 'string' | 'number' | 'boolean';
  default?: string | number | boolean;
  required?: boolean;
}
interface Job {
  'timeout-minutes'?: unknown;
  concurrency?: { group: string; queue?: string; 'cancel-in-progress'?: boolean };
  permissions?: Record<string, string>;
  outputs?: Record<string, string>;
  steps?: { id?: string; uses?: string; with?: Record<string, unknown> }[];
  uses?: string;
  with?: Record<string, unknown>;
  secrets?: Record<string, unknown>;
}

const read = <T>(path: string): T => parse(readFileSync(join(root, path), 'utf8')) as T;
const action = read<{ inputs: Record<string, { default?: string }>; outputs: object }>('action.yml');
const called = ['deploy', 'transcribe', 'podcast'] as const;
const workflow = (name: string) => read<Workflow>(`.github/workflows/${name}.yml`);
const ownSteps = ({ jobs }: Workflow) =>
  Object.values(jobs).flatMap(({ steps = [] }) => steps.filter(({ uses }) => uses?.startsWith('org/')));

describe.each(called)('the reusable workflow %s', (name) => {
  const { on, jobs } = workflow(name);
  const { inputs, outputs } = on.workflow_call;
  const steps = ownSteps(workflow(name));

  test('gives the action only inputs that it has, as it was given them', () => {
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) {
      for (const [input, value] of Object.entries(step.with ?? {})) {
        expect(Object.keys(action.inputs)).toContain(input);
        const named = [...`${value}`.matchAll(/\$\{\{ inputs\.([\w-]+)/g)].map(([, one]) => one ?? '');
        for (const one of named) expect(Object.keys(inputs)).toContain(one);
      }
    }
  });

  test('does something with every input, which has a type, a description, and the default of the action', () => {
    const text = readFileSync(join(root, `.github/workflows/${name}.yml`), 'utf8');
    for (const [input, { description, type, default: standard, required }] of Object.entries(inputs)) {
      expect(text).toContain(`inputs.${input} `.trimEnd());
      expect([input, description ? type : undefined]).toEqual([
        input,
        expect.stringMatching(/^(?:string|number|boolean)$/),
      ]);
      const own = action.inputs[input]?.default;
      if (own === undefined || required || input === 'deployment-paths') continue;
      expect([input, `${standard ?? ''}`]).toEqual([input, own]);
    }
  });

  test('hands on outputs that its jobs and the action have', () => {
    for (const [output, { value }] of Object.entries(outputs)) {
      const [, job = '', from = ''] = /^\$\{\{ jobs\.(\w+)\.outputs\.([\w-]+) \}\}$/.exec(value) ?? [];
      expect([output, from]).toEqual([output, output]);
      const [, id, ofStep = ''] = /steps\.(\w+)\.outputs\.([\w-]+)/.exec(jobs[job]?.outputs?.[from] ?? '') ?? [];
      expect(jobs[job]?.steps?.map((step) => step.id)).toContain(id);
      expect(Object.keys(action.outputs)).toContain(ofStep);
    }
  });

  test('ends by itself, and loses none of the runs that wait for their turn', () => {
    for (const { concurrency, 'timeout-minutes': timeout } of Object.values(jobs)) {
      expect(timeout).toBeDefined();
      // GitHub refuses both at once.
      expect([concurrency?.queue === 'max', concurrency?.['cancel-in-progress'] === true]).toContain(true);
      expect(concurrency?.queue === 'max' && concurrency['cancel-in-progress'] === true).toBe(false);
    }
  });
});

test.each(called)(
  'the example %s calls the workflow with what it takes, and gives it the permissions it asks for',
  (name) => {
    const { jobs } = read<Workflow>(`examples/workflows/${name}.yml`);
    const [job] = Object.values(jobs);
    expect(job?.uses).toMatch(new RegExp(`^org/whisper-sagemaker/\\.github/workflows/${name}\\.yml@v\\d+$`));
    const { on, jobs: asked } = workflow(name);
    const { inputs } = on.workflow_call;
    expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(job?.with ?? {})));
    const required = Object.keys(inputs).filter((input) => inputs[input]?.required);
    expect(Object.keys(job?.with ?? {})).toEqual(expect.arrayContaining(required));
    for (const { permissions = {} } of Object.values(asked)) {
      for (const [scope, right] of Object.entries(permissions))
        expect([right, 'write']).toContain(job?.permissions?.[scope]);
    }
  },
);
