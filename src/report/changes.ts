import { type Change, isChange } from '../deploy/changes.js';
import type { DeployResult } from '../deploy/result.js';
import { cell, code } from './markdown.js';

/** A resource and what became of it. */
export interface Row {
  change: Change;
  /** For people: `unchanged`, `create`, `created`, `failed`, … */
  state: string;
  /** Whether it can be looked at. */
  exists: boolean;
}

type Told = Pick<DeployResult, 'planned' | 'changes' | 'steps'>;

const DONE: Record<Change['action'], string> = {
  unchanged: 'unchanged',
  create: 'created',
  update: 'updated',
  replace: 'replaced',
  delete: 'deleted',
};

/** Every resource as a plan found it. Pure. */
export const plannedRows = (planned: readonly Change[]): Row[] =>
  planned.map((change) => ({ change, state: change.action, exists: change.action !== 'create' }));

/**
 * Every resource with what was done to it: those of the plan, and those that were changed beside it (the scaling that a
 * change of the type took off, what a prune removed). Pure.
 * @param failed whether the run ended before it was done
 */
export function doneRows({ planned, changes, steps }: Told, failed: boolean): Row[] {
  const rest = [...changes];
  const rows = planned.map((plan): Row => {
    const index = rest.findIndex((made) => isSame(plan, made));
    const [made] = index < 0 ? [] : rest.splice(index, 1);
    return made ? doneRow(made, steps) : undoneRow(plan, steps, failed);
  });
  return [...rows, ...rest.map((made) => doneRow(made, steps))];
}

/** The names of what carries an image's digest are known after its build only. */
const isSame = (plan: Change, made: Change): boolean =>
  plan.resource === made.resource && (plan.name === made.name || plan.name.includes('(known after'));

function doneRow(change: Change, steps: Told['steps']): Row {
  // The request for it was accepted; what came of it is known at the end of the wait.
  const broken = change.resource === 'endpoint' && change.action !== 'delete' && hasFailed(steps, 'wait');
  return { change, state: broken ? 'failed' : DONE[change.action], exists: change.action !== 'delete' };
}

function undoneRow(change: Change, steps: Told['steps'], failed: boolean): Row {
  if (!isChange(change)) return { change, state: 'unchanged', exists: true };
  const exists = change.action !== 'create';
  const step = change.action === 'delete' ? `delete ${change.resource}` : change.resource;
  if (hasFailed(steps, step)) return { change, state: `${change.action} failed`, exists };
  // When all went well without it, it was found as wanted after all: another run was faster.
  return failed
    ? { change, state: `${change.action}: not done`, exists }
    : { change, state: 'unchanged', exists: true };
}

const hasFailed = (steps: Told['steps'], name: string): boolean =>
  steps.some(({ step, failed }) => failed && step === name);

/** One sentence that says how it went. */
export function headline(
  mode: 'plan' | 'deploy',
  { planned, changes, deploying }: DeployResult,
  failed: boolean,
): string {
  const count = (list: readonly Change[]) => {
    const number = list.filter(isChange).length;
    return `${number} ${number === 1 ? 'change' : 'changes'}`;
  };
  if (mode === 'plan') {
    if (failed) return planned.length === 0 ? '**The plan failed.**' : '**A deploy would fail.**';
    return planned.some(isChange) ? `**${count(planned)}** to make.` : 'Nothing to change: everything is as wanted.';
  }
  if (failed) {
    return changes.length === 0
      ? '**The deploy failed** before it changed anything.'
      : `**The deploy failed**, with ${count(changes)} made. What was made stays, and the next run goes on from there.`;
  }
  if (changes.length > 0) return `**Deployed**, with ${count(changes)}.`;
  return `Nothing had to be changed.${deploying ? ' A deployment that an earlier run had begun was waited for.' : ''}`;
}

/** The fields that differ, and what else is to be known, for a cell of a table. */
export const whatDiffers = ({ fields, note }: Pick<Change, 'fields' | 'note'>): string =>
  [
    ...fields.map(({ field, old, new: now }) =>
      field === 'container'
        ? `container changed: ${version(old)} → ${version(now)}`
        : `${code(field)}: ${code(old) || '(none)'} → ${code(now) || '(none)'}`,
    ),
    ...(note === undefined ? [] : [cell(note)]),
  ].join('<br>');

const version = (text: string): string => (text === '' ? '(unknown)' : code(`v${text}`));
