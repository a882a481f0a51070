import { plural } from '../plural.js';
import { shown } from '../shown.js';
import { type Change, type FieldChange, isChange } from './changes.js';

const SIGNS: Record<Change['action'], string> = { unchanged: '=', create: '+', update: '~', replace: '±', delete: '-' };

/** The plan as lines of text: one a resource, and one below it for each field that differs. */
export function planLines(changes: readonly Change[]): string[] {
  const count = changes.filter(isChange).length;
  return [
    count === 0 ? 'Nothing to change: everything is as wanted.' : `${plural(count, 'change')}:`,
    ...changes.flatMap(({ resource, name, action, fields, note }) => [
      `  ${SIGNS[action]} ${action} ${resource} ${name}`,
      ...fields.map((field) => `      ${difference(field)}`),
      ...(note === undefined ? [] : [`      ${shown(note)}`]),
    ]),
  ];
}

/** The version of the container is what people ask for; the field has no name that they know. */
function difference({ field, old, new: now }: FieldChange): string {
  if (field === 'container')
    return `container changed: ${old === '' ? '(unknown)' : `v${shown(old)}`} -> v${shown(now)}`;
  return `${shown(field)}: ${shown(old) || '(none)'} -> ${shown(now) || '(none)'}`;
}
