/**
 * Instance types that SageMaker hosts and that this action can use: x86-64, and either an NVIDIA GPU that CTranslate2's
 * CUDA 12 build supports (compute capability 7.0 or newer, so no p2) or a plain CPU.
 * A test compares the names with the SDK's enum (ProductionVariantInstanceType).
 */
const GPU_FAMILIES: Record<string, readonly string[]> = {
  g4dn: ['xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge'],
  g5: ['xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge', '48xlarge'],
  g6: ['xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge', '48xlarge'],
  g6e: ['xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge', '48xlarge'],
  p3: ['2xlarge', '8xlarge', '16xlarge'],
  p4d: ['24xlarge'],
  p4de: ['24xlarge'],
  p5: ['4xlarge', '48xlarge'],
  p5e: ['48xlarge'],
  p5en: ['48xlarge'],
};

const CPU_FAMILIES: Record<string, readonly string[]> = {
  c5: ['large', 'xlarge', '2xlarge', '4xlarge', '9xlarge', '18xlarge'],
  c6i: ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge', '32xlarge'],
  c7i: ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge', '48xlarge'],
  m5: ['large', 'xlarge', '2xlarge', '4xlarge', '12xlarge', '24xlarge'],
  m6i: ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge', '32xlarge'],
  m7i: ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge', '48xlarge'],
};

const typesOf = (families: Record<string, readonly string[]>): string[] =>
  Object.entries(families).flatMap(([family, sizes]) => sizes.map((size) => `ml.${family}.${size}`));

export const gpuInstanceTypes: ReadonlySet<string> = new Set(typesOf(GPU_FAMILIES));
export const cpuInstanceTypes: ReadonlySet<string> = new Set(typesOf(CPU_FAMILIES));

export const isKnownInstanceType = (type: string): boolean => gpuInstanceTypes.has(type) || cpuInstanceTypes.has(type);

/** Families whose hosts have no disk of their own: only theirs can be given a size and a key (CreateEndpointConfig). */
const WITHOUT_LOCAL_STORAGE = /^ml\.(?:p3|c5|c6i|c7i|m5|m6i|m7i)\./;

export const hasLocalStorage = (type: string): boolean => !WITHOUT_LOCAL_STORAGE.test(type);
export const hasGpu = (type: string): boolean => gpuInstanceTypes.has(type);
