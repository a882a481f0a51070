import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type Objects, openBucket } from '../aws/objects.js';
import type { Context } from '../context.js';
import { Interrupted, UserError } from '../errors.js';
import { shipped } from '../shipped.js';
import { shown } from '../shown.js';
import type { Desired } from './desired.js';
import { failed } from './failure.js';

/** Milliseconds between two looks for the answer: the first, and the longest. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 10_000;
/** Milliseconds that tidying up may take, and after an interrupt: a run that is stopped has two seconds in all. */
const REMOVAL = 10_000;
const HURRIED_REMOVAL = 1_200;
/** Seconds that the clip may wait in the queue, and that its transcription may take. */
const QUEUE_SECONDS = 3600;
const INVOCATION_SECONDS = 900;

/** The part of the container's JSON that says who answered. */
interface Answer {
  image?: unknown;
  model_revision?: unknown;
}

/** Says that a configuration has answered. Where it is missing, an earlier run ended before the clip came back. */
const noteKey = ({ folder, endpointConfig }: Desired): string =>
  `${folder}verified/${endpointConfig?.EndpointConfigName}.json`;

/** Whether the configuration that is wanted was verified once. */
export async function wasVerified({ clients, signal }: Context, desired: Desired): Promise<boolean> {
  const objects = await openBucket(clients, desired.bucket.name, desired.account, signal);
  return objects.exists(noteKey(desired));
}

/**
 * Sends a two-second clip through the endpoint and its bucket, as `transcribe` sends audio.
 * @param deadline milliseconds since the epoch
 * @throws UserError unless the new image and the new model answer
 */
export async function verify(context: Context, desired: Desired, deadline: number): Promise<void> {
  try {
    await sendClip(context, desired, deadline);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw new Interrupted(
      context.signal,
      `The endpoint ${desired.endpointName} serves, but its test clip had not come back.`,
      'Run the step again: it sends the clip again.',
    );
  }
  context.log.info('A clip came back from the new image with the new model.');
}

async function sendClip(context: Context, desired: Desired, deadline: number): Promise<void> {
  const { clients, signal } = context;
  const objects = await openBucket(clients, desired.bucket.name, desired.account, signal);
  const config = desired.endpointConfig?.EndpointConfigName ?? '';
  // Named after the configuration, so that what a run that dies here leaves is used and removed by the next one.
  const input = `${desired.folder}input/verify/${config}.mp3`;
  const clip = shipped('assets', 'clip.mp3');
  const earlier = (await objects.readText(noteKey(desired)))?.etag;
  const left = [input];
  try {
    if (!(await objects.exists(input))) await objects.upload(input, createReadStream(clip), 'audio/mpeg');
    const runtime = await clients.runtime();
    const id = `verify-${randomUUID()}`;
    const { OutputLocation, FailureLocation } = await runtime.invokeEndpointAsync(
      {
        EndpointName: desired.endpointName,
        InputLocation: `s3://${objects.bucket}/${input}`,
        ContentType: 'audio/mpeg',
        Accept: 'application/json',
        InferenceId: id,
        S3OutputPathExtension: `verify/${config}`,
        RequestTTLSeconds: QUEUE_SECONDS,
        InvocationTimeoutSeconds: INVOCATION_SECONDS,
      },
      { abortSignal: signal },
    );
    const [output, failure] = [keyOf(OutputLocation), keyOf(FailureLocation)];
    left.push(...[output, failure].filter((key) => key !== undefined));
    const places = { endpointName: desired.endpointName, output, failure, deadline };
    const answer = await answerOf(context, objects, places, async () => {
      const note = await objects.readText(noteKey(desired));
      return note !== undefined && note.etag !== earlier;
    });
    if (answer !== VERIFIED) requireNew(desired, answer.text);
  } finally {
    await tidy(context, desired, left);
  }
  // Last: a run that dies before this leaves nothing of the clip that no later run would look for.
  const note = { at: new Date(context.clock.now()).toISOString(), ...desired.model?.PrimaryContainer?.Environment };
  await objects.writeText(noteKey(desired), JSON.stringify(note), 'application/json');
}

/** Removes the clip and all its answers. With a signal of its own: also after an interrupt nothing shall stay. */
async function tidy({ clients, log, signal }: Context, desired: Desired, keys: string[]): Promise<void> {
  const until = AbortSignal.timeout(signal.aborted ? HURRIED_REMOVAL : REMOVAL);
  const config = desired.endpointConfig?.EndpointConfigName ?? '';
  try {
    const objects = await openBucket(clients, desired.bucket.name, desired.account, until);
    for (const place of ['output', 'failure']) {
      for await (const page of objects.list(`${desired.folder}${place}/verify/${config}/`)) {
        keys.push(...page.map(({ key }) => key));
      }
    }
    await objects.remove(keys);
  } catch (error) {
    log.warning(`The test clip was not removed: ${(error as Error).message}`);
  }
}

/** Another deploy of the same configuration has seen its clip come back meanwhile, and has removed ours with its own. */
const VERIFIED = Symbol('verified by another deploy');

interface Places {
  endpointName: string;
  output: string | undefined;
  failure: string | undefined;
  deadline: number;
}

/** Waits for one of the two objects that SageMaker writes. */
async function answerOf(
  context: Context,
  objects: Objects,
  { endpointName, output, failure, deadline }: Places,
  isVerified: () => Promise<boolean>,
): Promise<{ text: string } | typeof VERIFIED> {
  const { clock, signal } = context;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
    const [answer, error] = await Promise.all(
      [output, failure].map((key) => (key === undefined ? undefined : objects.readText(key))),
    );
    if (answer) return answer;
    if (await isVerified()) return VERIFIED;
    if (error) {
      // Where another deploy took the clip away, its note comes in the next moment.
      await clock.sleep(FIRST_PAUSE, signal);
      if (await isVerified()) return VERIFIED;
      throw await failed(context, {
        endpointName,
        what: `The endpoint ${endpointName} serves, but could not transcribe the test clip.`,
        reason: shown(error.text.trim()),
        remedy: 'Then run the step again: it sends the clip again.',
      });
    }
    if (clock.now() >= deadline) {
      throw await failed(context, {
        endpointName,
        what: `The endpoint ${endpointName} serves, but the test clip did not come back in time.`,
        reason: undefined,
        remedy:
          'Audio that was waiting already may be ahead of it: run the step again, or raise `wait-minutes`. `verify: false` leaves the clip out.',
      });
    }
    await clock.sleep(Math.min(pause, Math.max(deadline - clock.now(), 0)), signal);
  }
}

/** @throws UserError unless the answer names the image and the model that were deployed. Pure. */
export function requireNew({ model }: Pick<Desired, 'model'>, text: string): void {
  const wanted = model?.PrimaryContainer?.Environment ?? {};
  let answer: Answer;
  try {
    answer = JSON.parse(text) as Answer;
  } catch {
    throw unexpected(`text that is not JSON: ${text.slice(0, 200)}`);
  }
  if (answer.image !== wanted['WHISPER_IMAGE']) {
    throw unexpected(`image ${String(answer.image)}, not ${wanted['WHISPER_IMAGE']}`);
  }
  if (answer.model_revision !== wanted['WHISPER_MODEL_REVISION']) {
    throw unexpected(`model revision ${String(answer.model_revision)}, not ${wanted['WHISPER_MODEL_REVISION']}`);
  }
}

const unexpected = (found: string): UserError =>
  new UserError(
    `The endpoint serves, but the test clip was answered by ${found}.`,
    'Run the step again. An image given by `image-uri` must speak the contract of container/ (docs/).',
  );

/** Key of an object by its address, `s3://bucket/key` */
const keyOf = (location: string | undefined): string | undefined => /^s3:\/\/[^/]+\/(.+)$/.exec(location ?? '')?.[1];
