/** Stands for a value that is not shown. */
export const HIDDEN = '***';

/** Names of fields and variables whose values are no one's business. A key's id (KmsKeyId) is no key. */
const SECRET_NAME =
  /token|secret|passw|passphrase|credential|auth(?!or)|(?:api|access|private|signing)[_-]?key(?!_?id)/i;

/** Forms that only secrets have: hub, GitHub and AWS tokens, JSON Web Tokens, PEM keys, a password in an address. */
const SECRET_VALUE =
  /\b(?:hf_|gh[a-z]_|github_pat_|glpat-|sk-|xox[a-z]-)\w{8}|\b(?:AKIA|ASIA)[A-Z0-9]{12}|\beyJ[\w-]{8,}\.|-----BEGIN |:\/\/[^/\s:@]+:[^/\s@]+@/;

/** Of a container's environment, the variables that a deploy sets itself. Whatever else is in one was set by hand. */
const ENVIRONMENT = /(?:^|\.)Environment$/;
const OUR_VARIABLE = /^WHISPER_/;

/**
 * A value as a plan may show it: what may be secret in it is `***`. A plan ends up in logs, outputs and pull requests, and
 * what was found in AWS may hold what somebody set by hand. Pure.
 * @param path of the field, dotted
 */
export function withoutSecrets(path: string, value: unknown): unknown {
  const { parent, name } = split(path);
  if (value === undefined || value === null) return value;
  if (SECRET_NAME.test(name) || (ENVIRONMENT.test(parent) && !OUR_VARIABLE.test(name))) return HIDDEN;
  if (Array.isArray(value)) return value.map((item, index) => withoutSecrets(`${path}[${index}]`, item));
  if (typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, withoutSecrets(`${path}.${key}`, inner)]),
    );
  }
  return typeof value === 'string' && SECRET_VALUE.test(value) ? HIDDEN : value;
}

function split(path: string): { parent: string; name: string } {
  const dot = path.lastIndexOf('.');
  return { parent: path.slice(0, Math.max(dot, 0)), name: path.slice(dot + 1) };
}
