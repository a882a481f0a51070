// script/demo: the main job on this machine, step by step. See script/demo.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, run, startLocalAws } from './local-aws.ts';
import { type LocalPart, startLocalPart, virtualEnvironment } from './local-part.ts';
import { podcastRepository, SPEECH } from './podcast.ts';
import { type ActionResult, root, runAction, unescapeCommand } from './runner.ts';

const steps: { step: string; seconds: number }[] = [];
const work = await mkdtemp(join(tmpdir(), 'whisper-demo-'));
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());

let aws: LocalAws | undefined;
let remote: LocalPart | undefined;
try {
  aws = await timed('start the local AWS', () => startLocalAws({ quiet: false }));
  const python = await virtualEnvironment();
  const weights = (await timed('fetch the weights', () => run(python, ['-m', 'local.weights', 'base'], false))).trim();
  remote = await startLocalPart(python, 'gitserver', ['--dir', join(work, 'remote')]);
  const url = remote.lines[0] ?? '';
  const repository = join(work, 'podcast');
  await podcastRepository(url, repository);

  const deployInputs = {
    mode: 'deploy',
    model: weights,
    'execution-role-arn': aws.environment['WHISPER_EXECUTION_ROLE_ARN'] ?? '',
    // This machine has no GPU, so the demo takes a CPU type; everything else is as with one.
    'instance-type': 'ml.c7i.xlarge',
    ...imageInputs(aws.environment),
  };
  await step('deploy', 'mode: deploy', deployInputs, repository);
  await step(
    'transcribe',
    'mode: transcribe',
    { mode: 'transcribe', files: 'audio/*.mp3', 'output-folder': 'transcripts', publish: 'commit' },
    repository,
  );
  await showTranscripts(python, repository);
  await showCommit(url);

  const mark = await aws.mark();
  const again = await step('deploy again', 'mode: deploy, a second time', deployInputs, repository);
  const requests = await aws.requests(mark);
  const mutating = requests.filter((request) => request.mutating);
  say(
    `\n${JSON.parse(again.outputs['changes'] ?? '[]').length} changes, ${mutating.length} mutating AWS requests of ${requests.length}, ${again.seconds.toFixed(1)} s`,
  );
  if (again.outputs['changed'] !== 'false' || mutating.length > 0) {
    throw new Error('The second deploy changed something; it must not.');
  }
  say('\nSeconds of each stage:');
  for (const { step: name, seconds } of steps) say(`  ${seconds.toFixed(1).padStart(6)}  ${name}`);
} catch (error) {
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
  console.error(interrupted.signal.aborted ? '\nStopped.' : `\n${error instanceof Error ? error.message : error}`);
} finally {
  await remote?.stop();
  await aws?.stop();
  await rm(work, { recursive: true, force: true });
}

/** What is deployed: our container on the local base image, or where no Docker engine can run, a stand-in for it. */
function imageInputs({ WHISPER_BASE_IMAGE, WHISPER_IMAGE_URI }: Record<string, string>): Record<string, string> {
  if (WHISPER_BASE_IMAGE !== undefined) return { 'base-image': WHISPER_BASE_IMAGE };
  return { 'image-uri': WHISPER_IMAGE_URI ?? '' };
}

function say(line: string): void {
  console.log(line);
}

async function timed<T>(name: string, body: () => Promise<T>): Promise<T> {
  interrupted.signal.throwIfAborted();
  const started = performance.now();
  const result = await body();
  steps.push({ step: name, seconds: (performance.now() - started) / 1000 });
  return result;
}

/** Prints a step's log as the page of a run shows it: masks and debugging unseen, groups folded. */
function shown(): (line: string) => void {
  let folded: { title: string; lines: number } | undefined;
  return (line) => {
    const [, command, text = ''] = /^::([\w-]+)[^:]*::(.*)$/.exec(line) ?? [];
    if (command === 'group') folded = { title: text, lines: 0 };
    else if (command === 'endgroup') {
      say(`  > ${folded?.title} (${folded?.lines} lines folded)`);
      folded = undefined;
    } else if (folded) folded.lines += 1;
    else if (command === undefined) say(`  ${line}`);
    else if (command !== 'add-mask' && command !== 'debug') say(`  ${command}: ${unescapeCommand(text)}`);
  };
}

/** Runs the committed bundle as a runner would and prints its log. */
async function step(
  name: string,
  title: string,
  inputs: Record<string, string>,
  workspace: string,
): Promise<ActionResult> {
  say(`\n=== ${title}`);
  const result = await timed(name, () =>
    runAction({
      inputs,
      workspace,
      environment: aws?.environment ?? {},
      onLine: shown(),
      signal: interrupted.signal,
    }),
  );
  interrupted.signal.throwIfAborted();
  if (result.exitCode !== 0) throw new Error(`The ${name} step ended with ${result.exitCode}.`);
  return result;
}

async function showTranscripts(python: string, repository: string): Promise<void> {
  for (const name of SPEECH) {
    const transcript = join(repository, 'transcripts', 'audio', `${name}.txt`);
    const reference = join(root, 'examples', 'speech', `${name}.txt`);
    say(`\n=== transcripts/audio/${name}.txt\n${(await readFile(transcript, 'utf8')).trim()}`);
    const rate = Number(await run(python, [join(root, 'script', 'lib', 'wer.py'), reference, transcript]));
    say(`word error rate against examples/speech/${name}.txt: ${(100 * rate).toFixed(1)} %`);
  }
}

/** What another clone sees. */
async function showCommit(url: string): Promise<void> {
  const other = join(work, 'other');
  await run('git', ['clone', '--quiet', '--branch', 'main', url, other]);
  say(`\n=== the last commit in the remote\n${await run('git', ['log', '-1', '--stat'], true, other)}`);
}
