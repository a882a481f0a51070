import * as core from '@actions/core';

/** Where a step's progress goes. */
export interface Log {
  info(line: string): void;
  notice(line: string): void;
  /** `file`: path in the workspace that the annotation belongs to. */
  warning(line: string, file?: string): void;
  error(line: string, file?: string): void;
  /** Runs `body` with its lines folded under `title`. */
  group<T>(title: string, body: () => Promise<T>): Promise<T>;
  /** Keeps a value out of every later line. */
  mask(secret: string): void;
}

const at = (file: string | undefined): core.AnnotationProperties => (file === undefined ? {} : { file });

export const actionsLog: Log = {
  info: (line) => core.info(line),
  notice: (line) => core.notice(line),
  warning: (line, file) => core.warning(line, at(file)),
  error: (line, file) => core.error(line, at(file)),
  group: (title, body) => core.group(title, body),
  mask: (secret) => core.setSecret(secret),
};
