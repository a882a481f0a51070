import type { Change } from './changes.js';

const SIGNS: Record<Change['action'], string> = { create: '+', update: '~', replace: '±', delete: '-' };

/** The plan as lines of text: what will be made and changed, and how. */
export function planLines(changes: readonly Change[]): string[] {
  if (changes.length === 0) return ['Nothing to change: everything is as wanted.'];
  return [
    `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}:`,
    ...changes.flatMap(({ resource, name, action, fields }) => [
      `  ${SIGNS[action]} ${action} ${resource} ${name}`,
      ...fields.map((field) => `      ${field.field}: ${field.old || '(none)'} -> ${field.new || '(none)'}`),
    ]),
  ];
}
