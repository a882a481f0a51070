/** The package brings no types; this is what the tests use of it. */
declare module 'webvtt-parser' {
  interface Node {
    type: string;
    value: string;
  }
  interface Cue {
    /** Seconds. */
    startTime: number;
    endTime: number;
    tree: { children: Node[] };
  }
  export class WebVTTParser {
    constructor(entities?: Record<string, string>);
    parse(text: string): { cues: Cue[]; errors: { message: string; line: number }[] };
  }
}
