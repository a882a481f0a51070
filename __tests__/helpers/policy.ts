// What IAM decides of a role's own policy, as far as infra/ uses it: Allow statements with wildcards and conditions.
// The logic is that of the IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements".

export interface Statement {
  Sid: string;
  Effect: 'Allow';
  Action: string | string[];
  Resource: string | string[];
  /** Operator, key, values. */
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** What a request asks for. */
export interface Right {
  action: string;
  /** An ARN; `*` where the action takes no resource. */
  resource: string;
  /** Values of condition keys. */
  context?: Record<string, string>;
}

export const allows = (statements: readonly Statement[], right: Right): boolean =>
  statements.some((statement) => covers(statement, right));

function covers({ Action, Resource, Condition = {} }: Statement, { action, resource, context = {} }: Right): boolean {
  return (
    listed(Action).some((pattern) => isLike(pattern.toLowerCase(), action.toLowerCase())) &&
    listed(Resource).some((pattern) => isLike(pattern, resource)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) => holds(operator, listed(values), context[key])),
    )
  );
}

/** A key that the request does not have fails its condition. */
function holds(operator: string, values: string[], found: string | undefined): boolean {
  if (found === undefined) return false;
  switch (operator) {
    case 'StringEquals':
    case 'Bool':
      return values.includes(found);
    case 'StringLike':
      return values.some((pattern) => isLike(pattern, found));
    default:
      throw new Error(`The condition operator ${operator} is not known here.`);
  }
}

/** `*` stands for any characters, `?` for one. */
export function isLike(pattern: string, value: string): boolean {
  const pieces = pattern.split(/([*?])/).map((piece) => {
    if (piece === '*') return '.*';
    return piece === '?' ? '.' : piece.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${pieces.join('')}$`, 's').test(value);
}

/** The statements, each time with one action less on one resource. */
export function* withOneLess(statements: readonly Statement[]): Generator<{ less: string; rest: Statement[] }> {
  for (const statement of statements) {
    const others = statements.filter((other) => other !== statement);
    const [actions, resources] = [listed(statement.Action), listed(statement.Resource)];
    for (const action of actions) {
      for (const resource of resources) {
        const rest = [
          { ...statement, Action: actions.filter((other) => other !== action) },
          { ...statement, Action: action, Resource: resources.filter((other) => other !== resource) },
        ];
        yield { less: `${statement.Sid}: ${action} on ${resource}`, rest: [...others, ...rest] };
      }
    }
  }
}

const listed = (value: string | string[]): string[] => (typeof value === 'string' ? [value] : value);
