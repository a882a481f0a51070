// Where the version of a release stands. Pure.

/** The text of every file that names the version, by its path in the repository. */
export type Files = ReadonlyMap<string, string>;

/** Whole versions only: a release that is not one has no place under the major version's tag. */
export const VERSION = /^\d+\.\d+\.\d+$/;

/** This repository, as the reusable workflows name it. */
const ACTION = 'org/whisper-sagemaker';

/** `uses:` of the action itself, at the tag of a release. */
const OWN_RELEASE = new RegExp(`(?<=\\buses: ${ACTION}@)\\S+`, 'g');
/** What users copy: the action or a workflow of it, at the tag of the major version, which moves. */
const MAJOR = new RegExp(`(?<=\\buses: ${ACTION}(?:/\\S+)?@)v\\d+(?![\\w.])`, 'g');

const isReusable = (path: string): boolean => path.startsWith('.github/workflows/');
const isManifest = (path: string): boolean => path.endsWith('.json');

/** Before 1.0.0 nothing is released, and pages and examples name the tag to come. */
const majorOf = (version: string): string => `v${Math.max(Number.parseInt(version, 10), 1)}`;

/** The same files with the version in its places. */
export function stamped(files: Files, version: string): Map<string, string> {
  return new Map(
    [...files].map(([path, text]) => {
      if (isManifest(path)) return [path, withVersion(text, version)];
      return [
        path,
        isReusable(path) ? text.replace(OWN_RELEASE, `v${version}`) : text.replace(MAJOR, majorOf(version)),
      ];
    }),
  );
}

/** Of package.json and package-lock.json, which has it twice: its own, and that of its first package. */
function withVersion(text: string, version: string): string {
  const manifest = JSON.parse(text) as { version: string; packages?: Record<string, { version?: string }> };
  manifest.version = version;
  const [own] = Object.values(manifest.packages ?? {});
  if (own) own.version = version;
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** The places that do not have the version of package.json, each as a sentence. */
export function unstamped(files: Files): string[] {
  const { version } = JSON.parse(files.get('package.json') ?? '{}') as { version?: string };
  if (version === undefined || !VERSION.test(version)) return [`package.json has the version "${version}", not x.y.z.`];
  const found: string[] = [];
  const wanted = stamped(files, version);
  for (const [path, text] of files) {
    if (text !== wanted.get(path)) found.push(`${path} has not the version ${version}.`);
    if (!isReusable(path)) continue;
    if (!OWN_RELEASE.test(text)) found.push(`${path} does not name ${ACTION}@v${version}.`);
    OWN_RELEASE.lastIndex = 0;
    // In a workflow that is called `./` is the caller's checkout; `$/` is unknown to GitHub Enterprise Server and to act.
    if (/\buses: ['"]?[.$]\//.test(text)) found.push(`${path} names an action by ./ or $/.`);
  }
  return found;
}
