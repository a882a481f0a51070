import * as z from 'zod/mini';
import { UserError } from '../errors.js';

/**
 * The inputs of the step as strings, by their names in action.yml. The runner hands them over as `INPUT_<NAME>` and
 * fills in the defaults that action.yml states; surrounding white space is nobody's intention.
 */
export type Inputs = Record<string, string>;

export function readInputs(environment: NodeJS.ProcessEnv): Inputs {
  const inputs: Inputs = {};
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith('INPUT_')) inputs[name.slice('INPUT_'.length).toLowerCase()] = (value ?? '').trim();
  }
  return inputs;
}

/**
 * Parses the inputs with a schema whose keys are input names.
 * @throws UserError that lists every bad input, what was found in it and what it takes.
 */
export function parseInputs<T extends z.ZodMiniType>(schema: T, inputs: Inputs): z.output<T> {
  const result = z.safeParse(schema, inputs);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const name = issue.path.join('.');
    const found = inputs[name] ?? '';
    // A secret is never echoed, not even a malformed one.
    return wrong(name, SECRET.test(name) ? '***' : found, issue.message);
  });
  throw badInputs(lines);
}

/** Inputs that are secrets, or may hold one. */
const SECRET = /token|^feeds$/;

/** One line about one input: `rule` says what it must be, as a verb and what follows. */
export const wrong = (name: string, found: string, rule: string): string =>
  `${name} is ${found === '' ? 'empty' : `"${found}"`}; it ${rule}`;

export function badInputs(lines: string[]): UserError {
  return new UserError(
    lines.length === 1
      ? `Input ${lines[0]}`
      : `${lines.length} inputs are wrong:\n${lines.map((line) => `- ${line}`).join('\n')}`,
    'Correct the `with:` block of the step. The inputs are listed in the README. Nothing was changed.',
  );
}

const entries = (value: string): string[] => value.split(/[\s,]+/).filter((entry) => entry !== '');

const listed = (values: readonly string[]): string =>
  values
    .map((value) => `\`${value}\``)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1');

/** A text that may be empty. */
export const text = z.prefault(z.string(), '');

/** A text that must match; `rule` says what it must be. */
export const matching = (pattern: RegExp, rule: string) => text.check(z.regex(pattern, { error: rule }));

/** A text that may be empty, else must match. */
export const optional = (pattern: RegExp, rule: string) =>
  z.pipe(
    text.check(z.refine((value) => value === '' || pattern.test(value), { error: rule })),
    z.transform((value): string | undefined => value || undefined),
  );

export const choice = <const T extends string>(...values: T[]) =>
  z.prefault(z.enum(values, { error: `must be ${listed(values)}` }), '' as T);

export const flag = z.pipe(
  choice('true', 'false'),
  z.transform((value) => value === 'true'),
);

export const wholeNumber = (least: number, most: number, otherwise?: number) =>
  z.pipe(
    text.check(
      z.refine(
        (value) =>
          (value === '' && otherwise !== undefined) ||
          (/^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most),
        { error: `must be a whole number from ${least} to ${most}` },
      ),
    ),
    z.transform((value): number => (value === '' && otherwise !== undefined ? otherwise : Number(value))),
  );

/** A decimal number; undefined: empty. */
export const decimal = (least: number, most: number) =>
  numberOrEmpty(/^\d{1,9}(?:\.\d{1,6})?$/, least, most, `must be a number from ${least} to ${most}, or empty`);

/** A whole number; undefined: empty. */
export const whole = (least: number, most: number) =>
  numberOrEmpty(/^\d{1,9}$/, least, most, `must be a whole number from ${least} to ${most}, or empty`);

const numberOrEmpty = (pattern: RegExp, least: number, most: number, error: string) =>
  z.pipe(
    text.check(
      z.refine((value) => value === '' || (pattern.test(value) && Number(value) >= least && Number(value) <= most), {
        error,
      }),
    ),
    z.transform((value): number | undefined => (value === '' ? undefined : Number(value))),
  );

/** Entries of a closed list, separated by commas or white space; none twice. */
export const listOf = <const T extends string>(values: readonly T[]) =>
  z.pipe(
    text.check(
      z.refine((value) => entries(value).length > 0 && entries(value).every((entry) => values.includes(entry as T)), {
        error: `must be one or more of ${values.join(', ')}`,
      }),
    ),
    z.transform((value): T[] => [...new Set(entries(value) as T[])]),
  );

/** Entries that pass a test, `most` at most, separated by commas or white space; none twice. May be empty. */
export const list = (takes: RegExp | ((entry: string) => boolean), most: number, rule: string) =>
  z.pipe(
    text.check(
      z.refine(
        (value) =>
          entries(value).length <= most &&
          entries(value).every((entry) => (takes instanceof RegExp ? takes.test(entry) : takes(entry))),
        { error: rule },
      ),
    ),
    z.transform((value): string[] => [...new Set(entries(value))]),
  );

/** One entry a line. */
export const lines = z.pipe(
  text,
  z.transform((value) =>
    value
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  ),
);
