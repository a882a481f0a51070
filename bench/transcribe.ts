// What a transcription costs in requests, time and memory: the bundled action against the local AWS, whose container
// answers at once, into a real git remote; next to it the article's way for the same files.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { articlesWay } from './article.ts';
import type { Figure } from './figure.ts';
import { type Repository, startRig, type TranscribeRig } from './transcribe-rig.ts';

/** AWS requests for a new file and for a finished one, and megabytes, at most. */
const BARS: Readonly<Record<string, number>> = {
  requests_per_new_file: 7,
  requests_per_finished_file: 0.01,
  peak_rss_mb: 200,
};
const FEW = 100;

/** @param many files of the large case */
export async function transcribe(many: number): Promise<Figure[]> {
  const rig = await startRig();
  try {
    // The article's client knows no failure: it would list for ever.
    const few = await rig.repository(FEW, false);
    const small = await bothRuns(rig, few);
    const article = await articlesWay(rig.aws, few);
    const large = await bothRuns(rig, await rig.repository(many, true));
    return [
      ...figures(`files_${many}`, large).map(held),
      // A run's own requests, such as those about the endpoint, are no small part of a hundred files'.
      ...figures(`files_${FEW}`, small),
      ...figures(`article_${FEW}`, article),
    ];
  } finally {
    await rig.stop();
  }
}

/** One run over new files, and one over the same when they are finished. */
async function bothRuns(rig: TranscribeRig, repository: Repository): Promise<Record<string, number>> {
  const count = repository.files.length;
  const first = await rig.aws.mark();
  const fresh = await rig.transcribe(repository);
  const requests = await rig.aws.requests(first);
  if (fresh.outputs['transcribed'] !== String(count)) {
    throw new Error(`Of ${count} files, these were transcribed: ${fresh.outputs['transcribed']}`);
  }
  const results = requests.filter(({ parameters }) => String(parameters['Key']).includes('/results/'));
  const pushed = (await stat(join(repository.remote, 'refs', 'heads', 'main'))).mtimeMs;
  const second = await rig.aws.mark();
  const finished = await rig.transcribe(repository);
  return {
    requests_per_new_file: requests.length / count,
    requests_per_finished_file: (await rig.aws.requests(second)).length / count,
    own_ms_per_file: fresh.cpu / count,
    peak_rss_mb: Math.max(fresh.memory, finished.memory),
    publish_seconds: (pushed - Date.parse(results.at(-1)?.at ?? '')) / 1000,
    seconds: fresh.seconds,
    seconds_of_finished: finished.seconds,
  };
}

const UNITS: Readonly<Record<string, string>> = {
  requests_per_new_file: 'requests',
  requests_per_finished_file: 'requests',
  own_ms_per_file: 'ms',
  peak_rss_mb: 'MB',
};

const figures = (name: string, values: Record<string, number>): Figure[] =>
  Object.entries(values).map(([metric, value]) => ({
    bench: 'transcribe',
    case: name,
    metric,
    value: Number(value.toFixed(3)),
    unit: UNITS[metric] ?? 's',
  }));

function held(figure: Figure): Figure {
  const bar = BARS[figure.metric];
  return bar === undefined ? figure : { ...figure, bar, ok: figure.value <= bar };
}
