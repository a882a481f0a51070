/** What a resource is against what is wanted of it. */
export interface Change {
  /** The kind, in AWS's words: `ECR repository`, `image`, `model`, `endpoint configuration`, `endpoint`, … */
  resource: string;
  name: string;
  action: 'unchanged' | 'create' | 'update' | 'replace' | 'delete';
  /** The fields that differ; on create and delete there are none. */
  fields: FieldChange[];
  /** What else is to be known before it is done, as one sentence. */
  note?: string;
}

export interface FieldChange {
  field: string;
  old: string;
  new: string;
}

export const isChange = ({ action }: Change): boolean => action !== 'unchanged';

/** A resource that is there: unchanged when no field of it differs. */
export const updated = (resource: string, name: string, fields: FieldChange[]): Change => ({
  resource,
  name,
  action: fields.length === 0 ? 'unchanged' : 'update',
  fields,
});

/** A resource that is there as wanted, or is not there. */
export const created = (resource: string, name: string, there: boolean): Change => ({
  resource,
  name,
  action: there ? 'unchanged' : 'create',
  fields: [],
});
