import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface FeedServer {
  /** Without a slash at its end. */
  url: string;
  port: number;
  /** What the requests for a path get, one after the other; the last answer stays. */
  on(path: string, ...answers: Answer[]): string;
  /** Those since the last call, in their order. */
  asked(): { path: string; headers: IncomingHttpHeaders }[];
  /** Bytes that all requests got until now, with their headers. */
  sent(): number;
  stop(): Promise<void>;
}

/** A web server on this machine that answers as it is told, well or badly. */
export async function startFeedServer(): Promise<FeedServer> {
  const answers = new Map<string, Answer[]>();
  let requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  let sent = 0;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push({ path, headers: request.headers });
    const left = answers.get(path) ?? [status(404)];
    const [answer = status(404)] = left.length > 1 ? left.splice(0, 1) : left;
    answer(request, response);
  });
  server.on('connection', (socket) => void socket.on('close', () => (sent += socket.bytesWritten)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    on(path, ...given) {
      answers.set(path, given);
      return `http://127.0.0.1:${port}${path}`;
    },
    asked() {
      const asked = requests;
      requests = [];
      return asked;
    },
    sent: () => sent,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Headers = Record<string, string>;

export const status =
  (code: number, headers: Headers = {}, body: string | Buffer = ''): Answer =>
  (_, response) =>
    void response.writeHead(code, headers).end(body);

export const redirect = (to: string, code = 302): Answer => status(code, { location: to });

export const whole = (content: string | Buffer, headers: Headers = {}): Answer => status(200, headers, content);

/** In pieces and without a length. */
export const chunked =
  (content: Buffer, headers: Headers = {}): Answer =>
  (_, response) => {
    response.writeHead(200, headers);
    response.write(content.subarray(0, content.length / 2));
    response.end(content.subarray(content.length / 2));
  };

/** Promises all of it and breaks the connection after so many bytes. */
export const cut =
  (content: Buffer, after: number, headers: Headers = {}): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-length': String(content.length), ...headers });
    response.write(content.subarray(0, after), () => response.destroy());
  };

/** Gives what a range asks for, if the file is still the one that it is about. @param until breaks off before this byte */
export const ranged =
  (content: Buffer, headers: Headers, until = content.length): Answer =>
  ({ headers: { range, 'if-range': validator } }, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const same = validator === headers['etag'] || validator === headers['last-modified'];
    const from = range !== undefined && same ? start : 0;
    const part = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
    const length = { 'content-length': String(content.length - from) };
    response.writeHead(from > 0 ? 206 : 200, { ...headers, ...length, ...(from > 0 && part) });
    response.write(content.subarray(from, until), () => (until < content.length ? response.destroy() : response.end()));
  };

/** A byte now and then, without an end. */
export const drip =
  (milliseconds: number): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-length': '1000000' });
    const timer = setInterval(() => response.write('.'), milliseconds);
    response.on('close', () => clearInterval(timer));
  };

/** Headers and a byte, and then nothing. */
export const silence: Answer = (_, response) => {
  response.writeHead(200, { 'content-length': '1000000' });
  response.write('.');
};
