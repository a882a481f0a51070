/** A podcast, as its feed tells it. */
export interface Feed {
  /** Where it was asked for. */
  url: string;
  title: string;
  /** Of its website. */
  link?: string;
  /** As the feed has it, such as `en-us` or `ja`. */
  language?: string;
  author?: string;
  /** Address of its picture. */
  image?: string;
  /** The whole feed as text, for a copy of it. */
  xml: string;
  /** In the order of the feed. */
  episodes: Episode[];
  /** Items that have nothing to listen to. */
  withoutAudio: number;
}

/** Texts are plain and trimmed, addresses absolute. What a feed does not say, or says in no known way, is not there. */
export interface Episode {
  /** The guid or Atom id as it is; without one, or with one that several have, the address of the enclosure as it is written. */
  id: string;
  title: string;
  published?: Date;
  link?: string;
  description?: string;
  author?: string;
  season?: number;
  number?: number;
  /** What the feed says of its length, which is often a guess. */
  seconds?: number;
  image?: string;
  enclosure: Enclosure;
  /** Those that the feed already offers. Only RSS has them. */
  transcripts: { url: string; type: string; language?: string }[];
}

export interface Enclosure {
  /** http or https */
  url: string;
  /** Media type, as the feed claims it. */
  type?: string;
  /** Size, as the feed claims it: often wrong, and 0 where it is not known. */
  bytes?: number;
}
