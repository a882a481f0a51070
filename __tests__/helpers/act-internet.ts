import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, type Server } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';
import { pathToFileURL } from 'node:url';
import { run } from '../../script/lib/local-aws.ts';
import { root } from '../../script/lib/runner.ts';

const PRELOAD = pathToFileURL(join(root, '__tests__', 'act', 'internet.mjs')).href;

export interface Internet {
  /** For a Node that is to see it. */
  environment: Record<string, string>;
  stop(): Promise<void>;
}

/**
 * Hosts of the internet that are on this machine, for programs that name them.
 * @param web ports here of hosts that speak http
 * @param secure the same for https, which begins and ends before them
 */
export async function startInternet(
  folder: string,
  web: Record<string, number>,
  secure: Record<string, number>,
): Promise<Internet> {
  const names = Object.keys(secure);
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const alternatives = `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`;
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const files = ['-keyout', key, '-out', certificate];
  await run('openssl', ['req', '-x509', ...kind, '-subj', '/CN=of the tests', '-addext', alternatives, ...files]);
  const identity = { key: await readFile(key), cert: await readFile(certificate) };
  const ports = Object.fromEntries(Object.entries(web).map(([name, port]) => [`${name}:80`, port]));
  const servers: Server[] = [];
  for (const [name, port] of Object.entries(secure)) {
    const server = createServer(identity, (socket) => {
      const inner = connect(port, '127.0.0.1');
      // Either end may break off; the other one then ends, too.
      pipeline(socket, inner, socket, () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    ports[`${name}:443`] = (server.address() as AddressInfo).port;
  }
  return {
    environment: {
      INTERNET_HERE: JSON.stringify(ports),
      NODE_OPTIONS: `--import=${PRELOAD}`,
      NODE_EXTRA_CA_CERTS: await withAuthorities(folder, certificate),
    },
    stop: async () => {
      for (const server of servers) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A file with the certificate and those that this machine trusts besides. */
async function withAuthorities(folder: string, certificate: string): Promise<string> {
  const others = process.env['NODE_EXTRA_CA_CERTS'];
  const file = join(folder, 'authorities.pem');
  const texts = await Promise.all([certificate, ...(others ? [others] : [])].map((path) => readFile(path, 'utf8')));
  await writeFile(file, texts.join('\n'));
  return file;
}
