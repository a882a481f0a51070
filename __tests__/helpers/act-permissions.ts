import { parse } from 'yaml';
import type { Token } from './github-answers.ts';

type Permissions = Record<string, string>;

interface Job {
  uses?: string;
  permissions?: Permissions;
  environment?: string | { name: string };
}

interface Workflow {
  on: { workflow_call?: { inputs?: Record<string, { default?: unknown }> } };
  permissions?: Permissions;
  jobs: Record<string, Job>;
}

const GITHUB_ACTIONS = 'github-actions[bot]';

/** What GitHub gives to the jobs of a run, by the workflow that was started and the one that its only job calls. */
export interface Grants {
  /** Of the calling job, whose permissions no job that is called goes beyond. */
  token: Token;
  /** Whether the token may push. */
  pushes: boolean;
  /** Environment of a job; undefined: it has none. */
  environmentOf(job: string): string | undefined;
  /** Whether a job may ask for a token of its own. */
  mayIdentify(job: string): boolean;
  /** Whether any job may. */
  identifies: boolean;
}

/**
 * @param called the called workflow; undefined: the jobs have steps of their own
 * @param fromFork GitHub takes the rights to write from such a run
 */
export function grantsOf(caller: string, called: string | undefined, fromFork: boolean): Grants {
  const { jobs, permissions } = parse(caller) as Workflow;
  const [calling] = Object.values(jobs);
  const most = calling?.permissions ?? permissions ?? {};
  const inner = called === undefined ? undefined : (parse(called) as Workflow);
  const may = (right: string, of: Permissions = most) => !fromFork && of[right] === 'write';
  const lacks = (['pull-requests', 'actions'] as const).filter((right) => !may(right));
  const mayIdentify = (job: string) => may('id-token') && may('id-token', inner?.jobs[job]?.permissions ?? most);
  return {
    token: { login: GITHUB_ACTIONS, rights: fromFork ? 'read' : 'write', lacks },
    pushes: may('contents'),
    environmentOf: (job) => {
      const given = (inner?.jobs ?? jobs)[job]?.environment;
      const environment = typeof given === 'object' ? given.name : given;
      const [, input] = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(environment ?? '') ?? [];
      const value = input === undefined ? environment : inner?.on.workflow_call?.inputs?.[input]?.default;
      return value === undefined || value === '' ? undefined : String(value);
    },
    mayIdentify,
    identifies: Object.keys((inner ?? { jobs }).jobs).some(mayIdentify),
  };
}
