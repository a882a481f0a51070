import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { run } from '../../script/lib/local-aws.ts';

/**
 * Serves a bare repository as `<address>/someone/podcast` by git's own HTTP backend. Whoever has not the token is asked
 * for it, as GitHub does. Gives its address.
 * @param mayPush whether the token has the right to write
 */
export async function startGitHttp(bare: string, token: string, mayPush: () => boolean = () => true) {
  const backend = `${(await run('git', ['--exec-path'])).trim()}/git-http-backend`;
  await run('git', ['-C', bare, 'config', 'http.receivepack', 'true']);
  const wanted = `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
  const server = createServer((request, response) => {
    const pushes = /\bgit-receive-pack\b/.test(request.url ?? '');
    if (request.headers.authorization === wanted && pushes && !mayPush()) return void response.writeHead(403).end();
    if (request.headers.authorization === wanted) return serve(request, response);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="GitHub"' }).end();
  });

  /** As a web server runs a CGI program (RFC 3875). */
  function serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, search } = new URL(request.url ?? '', 'http://localhost');
    const child = spawn(backend, {
      env: {
        ...process.env,
        GIT_PROJECT_ROOT: bare,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: pathname.replace(/^\/someone\/podcast/, ''),
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REMOTE_USER: 'somebody',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', () => {
      const output = Buffer.concat(chunks);
      const end = output.indexOf('\r\n\r\n');
      const headers = output.toString('latin1', 0, end).split('\r\n');
      const fields = headers
        .map((line) => line.split(/: (.*)/s))
        .map(([name = '', value = '']) => [name, value] as const);
      const status = Number(fields.find(([name]) => name === 'Status')?.[1].slice(0, 3) ?? 200);
      response.writeHead(status, Object.fromEntries(fields.filter(([name]) => name !== 'Status')));
      response.end(output.subarray(end + 4));
    });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
