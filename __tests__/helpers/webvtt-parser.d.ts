/** The package brings no types; this is what the tests use of it. */
declare module 'webvtt-parser' {
  interface Node {
    type: string;
    /** Of an element: `v` is a voice. */
    name?: string;
    /** The text, or a voice's name. */
    value: string;
    children: Node[];
  }
  interface Cue {
    /** Seconds. */
    startTime: number;
    endTime: number;
    tree: Node;
  }
  export class WebVTTParser {
    constructor(entities?: Record<string, string>);
    parse(text: string): { cues: Cue[]; errors: { message: string; line: number }[] };
  }
}
