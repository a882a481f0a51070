import type { TranscribeSettings } from '../../settings/transcribe.js';
import type { Deliver } from '../job.js';
import type { Staged } from '../stage.js';
import type { Sender } from '../submit/sender.js';
import type { Progress } from './progress.js';
import type { Watch } from './watch.js';

/** Everything that collecting works on. */
export interface Work {
  settings: Pick<TranscribeSettings, 'keepAudio' | 'wait'>;
  sender: Sender;
  staged: Staged;
  watch: Watch;
  progress: Progress;
  deliver: Deliver;
}

/** Work with what this run has seen of the fleet's pace. */
export interface PacedWork extends Work {
  pace: Pace;
}

/** What the fleet has finished of this run. */
export interface Pace {
  load: number;
  /** When the first of it was sent, and the last was seen to be finished; milliseconds since the epoch. */
  from: number;
  to: number;
}
