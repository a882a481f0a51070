/** Begin of a partition's regions, and the host of its console (AWS General Reference, per partition). */
const CONSOLES: readonly [begin: string, host: string][] = [
  ['cn-', 'console.amazonaws.cn'],
  ['us-gov-', 'console.amazonaws-us-gov.com'],
  // Isolated partitions: their consoles cannot be reached from elsewhere.
  ['us-iso', ''],
  ['eu-isoe-', ''],
  ['', 'console.aws.amazon.com'],
];

/** Address of a page of the console; undefined: the region has no public one. `path` is encoded. */
export function consoleUrl(region: string, path: string, fragment = ''): string | undefined {
  const host = CONSOLES.find(([begin]) => region.startsWith(begin))?.[1];
  if (!host) return undefined;
  return `https://${host}/${path}${path.includes('?') ? '&' : '?'}region=${region}${fragment}`;
}

export const quotaUrl = (region: string, code: string): string | undefined =>
  consoleUrl(region, `servicequotas/home/services/sagemaker/quotas/${encodeURIComponent(code)}`);
