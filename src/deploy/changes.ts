/** What a resource is against what is wanted of it. */
export interface Change {
  /** The kind, in AWS's words: `ECR repository`, `image`, `model`, `endpoint configuration`, `endpoint`, … */
  resource: string;
  name: string;
  action: 'create' | 'update' | 'replace' | 'delete';
  /** The fields that differ, empty on create and delete. */
  fields: FieldChange[];
}

export interface FieldChange {
  field: string;
  old: string;
  new: string;
}

export interface DeployResult {
  endpointName: string;
  endpointArn: string;
  imageRepository: string;
  imageDigest: string;
  /** `s3://bucket/prefix/` */
  modelData: string;
  /** Empty: everything was as wanted. */
  changes: Change[];
  /** Seconds of each step, in their order. */
  steps: { step: string; seconds: number }[];
}
