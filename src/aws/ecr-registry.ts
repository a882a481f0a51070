/** One account's registry of Amazon ECR in one region. */
export interface EcrRegistry {
  account: string;
  region: string;
}

/** Plain, FIPS and dual-stack names, in all partitions (Amazon ECR user guide, "registry" and "dual-stack endpoints"). */
const HOST =
  /^(?<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)$/;

/** The registry that an image's or a repository's URI begins with; undefined: it is not a private one of ECR. */
export function ecrRegistry(uri: string): EcrRegistry | undefined {
  const { account, region } = HOST.exec(uri.split('/', 1)[0] ?? '')?.groups ?? {};
  return account === undefined || region === undefined ? undefined : { account, region };
}
