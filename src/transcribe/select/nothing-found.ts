import { posix, sep } from 'node:path';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { openGit } from '../../git/git.js';
import { type Indexed, indexed } from '../../git/indexed.js';
import { type Matches, matcher } from '../../matcher.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import { everyFile } from './files.js';
import { type AllGlobs, excluder, type Globs, literalPrefix } from './globs.js';
import { listed } from './objects.js';

/** Objects of which a mistake is looked for. */
const MOST_OBJECTS = 10_000;
/** Of names that wildcards match. */
const AUDIO = /^(?!\.|.*\/\.).*\.(?:aac|aiff?|flac|m4a|m4b|mp3|mp4|oga|ogg|opus|wav|weba|webm|wma)$/is;

/** Says that nothing was found, and which of the usual mistakes it was. */
export async function nothingFound(
  context: Context,
  { workspace }: TranscribeSettings,
  globs: AllGlobs,
  isOurs: { file: Matches; object: Matches },
): Promise<UserError> {
  const messages: string[] = [];
  const remedies: string[] = [];
  if (globs.files.wanted.length > 0) {
    messages.push(`No file matches ${inWords(globs.files)} in ${workspace}.`);
    const paths = await everyFile(workspace);
    remedies.push(
      usualMistake(paths, globs.files, isOurs.file) ??
        wrongRoot(workspace, paths, globs.files) ??
        (await notCheckedOut(context, workspace, globs.files)) ??
        elsewhere(paths, isOurs.file),
    );
  }
  if (globs.objects.wanted.length > 0) {
    messages.push(`No object matches ${inWords(globs.objects)}.`);
    const paths = await objectsBelow(context, globs.objects.wanted);
    remedies.push(
      usualMistake(paths, globs.objects, isOurs.object) ??
        (paths.length === 0
          ? 'No key of the bucket begins like that.'
          : `There is ${such(paths)}, for example: s3://bucket/folder/** takes all of a folder.`),
    );
  }
  return new UserError(messages.join(' '), remedies.join(' '));
}

const inWords = ({ wanted, unwanted }: Globs): string =>
  wanted.join(', ') + (unwanted.length > 0 ? `, leaving out ${unwanted.join(', ')}` : '');

/** The first of some paths, and how many there are. Never none. */
const such = (paths: readonly string[]): string => {
  const first = `"${shown(paths[0] ?? '')}"`;
  return paths.length === 1 ? first : `${first} and ${paths.length - 1} more`;
};

/** Looks at what there is, in the order of how sure each answer is. Undefined: none of these. */
export function usualMistake(
  paths: readonly string[],
  { wanted, unwanted }: Globs,
  isOurs: Matches,
): string | undefined {
  const matching = paths.filter(matcher(wanted));
  const left = matching.filter(excluder(unwanted));
  if (left.length > 0) return `The input exclude leaves out all that match: ${such(left)}.`;
  const ours = matching.filter(isOurs);
  if (ours.length > 0) {
    return `What matches is taken for the action's own work, as all in the output folder: ${such(ours)}. Choose another output-folder.`;
  }
  for (const glob of wanted) {
    const inside = paths.filter(matcher([`${glob}/**`]));
    if (inside.length > 0) return `${glob} is a folder: write ${glob}/** for all that is in it, as ${such(inside)}.`;
  }
  const otherCase = paths.filter(matcher(wanted, { nocase: true }));
  if (otherCase.length > 0) return `Upper and lower case count: there is ${such(otherCase)}.`;
  const dotted = paths.filter(matcher(wanted, { dot: true }));
  if (dotted.length > 0) {
    return `Wildcards pass over names that begin with a dot: there is ${such(dotted)}. Write that part of the path as it is.`;
  }
  return undefined;
}

/** Globs that begin with the folder that they are relative to already. */
function wrongRoot(workspace: string, paths: readonly string[], { wanted }: Globs): string | undefined {
  const folders = workspace.split(sep).filter(Boolean);
  const matches = matcher(wanted);
  for (let depth = 1; depth <= folders.length; depth++) {
    const above = folders.slice(-depth).join('/');
    if (paths.some((path) => matches(`${above}/${path}`))) {
      return `Globs are relative to the repository, or to the folder that repository-path names: leave out "${above}/" at their beginning.`;
    }
  }
  return undefined;
}

/** Without git, or without the folder. */
const NOTHING = { files: [], submodules: [] };

/** What the commit has and the workspace has not: a sparse checkout, or submodules. */
async function notCheckedOut({ signal }: Context, workspace: string, { wanted }: Globs): Promise<string | undefined> {
  const { files, submodules }: Indexed = await indexed(openGit(workspace, signal)).catch(() => NOTHING);
  const absent = files.filter(matcher(wanted));
  if (absent.length > 0) {
    return `The repository has ${such(absent)}, but the workspace has not: see sparse-checkout of actions/checkout.`;
  }
  const within = submodules.filter((folder) =>
    wanted.some((glob) => `${literalPrefix(glob)}/`.startsWith(`${folder}/`)),
  );
  return within.length > 0
    ? `${such(within)} is a submodule: give actions/checkout the input submodules: true.`
    : undefined;
}

function elsewhere(paths: readonly string[], isOurs: Matches): string {
  if (paths.length === 0)
    return 'The folder is empty or not there: run actions/checkout before this step, and check the input repository-path.';
  const audio = paths.filter((path) => AUDIO.test(path) && !isOurs(path));
  const [folder] = audio.map(posix.dirname);
  if (folder === undefined)
    return 'There is no audio in it. Does a step before this one fetch it, or check out another repository?';
  return `Correct the input files: there is ${such(audio)}, which ${folder === '.' ? '*' : `${folder}/**`} takes, for example.`;
}

async function objectsBelow(context: Context, globs: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of listed(context, globs)) {
    if (paths.push(path) >= MOST_OBJECTS) break;
  }
  return paths;
}
