import { type Change, isChange } from './changes.js';

const SIGNS: Record<Change['action'], string> = { unchanged: '=', create: '+', update: '~', replace: '±', delete: '-' };

/** The plan as lines of text: one a resource, and one below it for each field that differs. */
export function planLines(changes: readonly Change[]): string[] {
  const count = changes.filter(isChange).length;
  return [
    count === 0 ? 'Nothing to change: everything is as wanted.' : `${count} ${count === 1 ? 'change' : 'changes'}:`,
    ...changes.flatMap(({ resource, name, action, fields, note }) => [
      `  ${SIGNS[action]} ${action} ${resource} ${name}`,
      ...fields.map((field) => `      ${field.field}: ${field.old || '(none)'} -> ${field.new || '(none)'}`),
      ...(note === undefined ? [] : [`      ${note}`]),
    ]),
  ];
}
