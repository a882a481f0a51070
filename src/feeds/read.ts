type Read<T> = { [name in keyof T]: T[name] | undefined };

/** A feed as its format's reader gives it: texts as they are in it, nothing checked. */
export interface ReadFeed
  extends Read<{ title: string; link: string; language: string; author: string; image: string }> {
  items: ReadItem[];
}

export interface ReadItem
  extends Read<{
    /** guid of RSS, id of Atom. */
    guid: string;
    title: string;
    published: string;
    link: string;
    /** HTML. */
    description: string;
    author: string;
    season: number;
    number: number;
    seconds: number;
    image: string;
  }> {
  enclosures: Read<{ url: string; type: string; length: number }>[];
  transcripts: Read<{ url: string; type: string; language: string }>[];
}
