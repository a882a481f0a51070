/** What became of a request that gave no transcript. `refuse`: the audio or the options are at fault, again and again. */
export interface Failure {
  verdict: 'refuse' | 'retry';
  /** For a person, on one line. */
  reason: string;
}

const MOST_SHOWN = 300;

/**
 * Reads a failure object. SageMaker writes `Received client error (400) from model with message "...". See https://...`
 * (the words differ by service and year), with the container's answer inside, whose quotes may be escaped, and which may
 * be cut off. Ours is `{"error":{"code","message"}}`. Only what the container itself says is remembered against a file:
 * any other status may come from something between.
 */
export function parseFailure(text: string): Failure {
  const error = containerError(text) ?? containerError(text.replace(/\\(["\\/])/g, '$1'));
  const status = /\berror \((\d+)\)/i.exec(text)?.[1] ?? /\bstatus(?: code)?:? (\d{3})\b/i.exec(text)?.[1];
  const clientError = status === undefined ? error !== undefined && error.code !== 'internal' : status.startsWith('4');
  if (error && clientError) return { verdict: 'refuse', reason: `${error.message} (${error.code})` };
  const words = error?.message ?? text.replace(/\s+/g, ' ').trim();
  const said = words.length > MOST_SHOWN ? `${words.slice(0, MOST_SHOWN)}...` : words;
  return {
    verdict: 'retry',
    reason: `the endpoint failed${Number(status) > 0 ? ` with ${status}` : ''}: ${said || 'no reason given'}`,
  };
}

function containerError(text: string): { code: string; message: string } | undefined {
  const found = /\{\s*"error"\s*:\s*\{/.exec(text);
  if (!found) return undefined;
  const body = text.slice(found.index);
  const code = /"code"\s*:\s*"(\w+)"/.exec(body)?.[1];
  const message = /"message"\s*:\s*"((?:[^"\\]|\\.)*)/s.exec(body)?.[1];
  return code === undefined ? undefined : { code, message: message === undefined ? '' : unquoted(message) };
}

function unquoted(text: string): string {
  try {
    return JSON.parse(`"${text.replace(/[\n\r\t]/g, ' ')}"`);
  } catch {
    return text;
  }
}
