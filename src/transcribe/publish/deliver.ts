import { basename } from 'node:path/posix';
import type { Context } from '../../context.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import { cueRules } from '../../transcript/cue-rules.js';
import { writers } from '../../transcript/formats.js';
import type { Presentation } from '../../transcript/presentation.js';
import { countWords, type Transcript } from '../../transcript/transcript.js';
import type { Deliver, Job, Outcome } from '../job.js';
import type { FileReport } from '../result.js';
import { transcriptPath } from '../select/place.js';
import { writeFileWithin } from './write.js';

/** Takes what became of each file: writes its transcripts into the workspace, annotates its failure, keeps the report. */
export interface Delivery {
  deliver: Deliver;
  /** A file that was never a job. */
  refuse(path: string, reason: string): void;
  /** What has no report yet is left to the next run. */
  leave(jobs: readonly Job[]): void;
  /** In the order of the paths. */
  reports(): FileReport[];
}

export function openDelivery({ log, signal }: Context, settings: TranscribeSettings): Delivery {
  const reports = new Map<string, FileReport>();
  const refuse = (path: string, reason: string) => {
    reports.set(path, { audio: path, state: 'failed', reason: shown(reason), transcripts: [] });
    log.error(`${shown(path)}: ${shown(reason)}`, path);
  };
  const write = async (path: string, state: 'transcribed' | 'reused', transcript: Transcript) => {
    try {
      const transcripts = await writeTranscripts(settings, path, transcript);
      const { duration, language } = transcript;
      reports.set(path, { audio: path, state, duration, language, words: countWords(transcript), transcripts });
    } catch (error) {
      if (signal.aborted) throw error;
      refuse(path, `Its transcript cannot be written: ${(error as Error).message}`);
    }
  };
  return {
    refuse,
    async deliver({ paths }, outcome: Outcome) {
      for (const [index, path] of paths.entries()) {
        if (outcome.state === 'failed') refuse(path, outcome.reason);
        // The same audio under another name was sent once.
        else await write(path, index === 0 ? outcome.state : 'reused', outcome.transcript);
      }
    },
    leave(jobs) {
      for (const path of jobs.flatMap(({ paths }) => paths)) {
        if (!reports.has(path)) reports.set(path, { audio: path, state: 'pending', transcripts: [] });
      }
    },
    reports: () => [...reports.values()].sort((a, b) => (a.audio < b.audio ? -1 : 1)),
  };
}

async function writeTranscripts(
  { workspace, outputFolder, formats, cues, speakers }: TranscribeSettings,
  audio: string,
  transcript: Transcript,
): Promise<string[]> {
  const presentation: Presentation = {
    title: basename(audio),
    cues: cueRules(cues.preset, transcript.language, cues.rules),
    speakers,
  };
  const written: string[] = [];
  for (const format of formats) {
    if (format === 'html') continue;
    const path = transcriptPath(audio, outputFolder, format);
    await writeFileWithin(workspace, path, writers[format](transcript, presentation));
    written.push(path);
  }
  return written;
}
