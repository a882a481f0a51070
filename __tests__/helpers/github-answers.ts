/** What a token is: whose, and what it may do on the repository. `none`: GitHub denies that the repository is there. */
export interface Token {
  login: string;
  rights: 'write' | 'read' | 'none';
  /** Rights to write that it has not. `creation`: the setting that lets Actions open pull requests is off. */
  lacks?: readonly ('pull-requests' | 'actions' | 'creation')[];
}

export interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** The texts are GitHub's own. */
export const refusal = (status: number, message: string): Answer => ({
  status,
  body: { message, status: String(status) },
});
