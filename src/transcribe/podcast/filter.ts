import { matcher, partedGlobs } from '../../matcher.js';
import type { PodcastSettings } from '../../settings/podcast.js';

/** What an episode is asked for by. */
interface Candidate {
  title: string;
  published?: Date;
}

type Filter = Pick<PodcastSettings, 'titles' | 'since' | 'until'>;

/**
 * Whether an episode is asked for, by title and day. Globs know no case; of an episode without a date nobody can say that
 * it is of the days that are asked for. Pure.
 */
export function wantedEpisodes({ titles, since, until }: Filter): (episode: Candidate) => boolean {
  const { wanted, unwanted } = partedGlobs(titles);
  const takes = wanted.length > 0 ? titleMatcher(wanted) : () => true;
  const leavesOut = titleMatcher(unwanted);
  return ({ title, published }) => {
    const day = published?.toISOString().slice(0, 10);
    if (since !== undefined && (day === undefined || day < since)) return false;
    if (until !== undefined && (day === undefined || day > until)) return false;
    return takes(title) && !leavesOut(title);
  };
}

/** A slash in a title parts no folders. */
const SLASH = '\u2215';

function titleMatcher(globs: readonly string[]): (title: string) => boolean {
  const flat = (text: string) => text.normalize('NFC').replaceAll('/', SLASH);
  const matches = matcher(globs.map(flat), { nocase: true, dot: true });
  return (title) => matches(flat(title));
}
