import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface ServedScript extends AsyncDisposable {
  /** `http://localhost:PORT`: an origin that browsers count as secure, hence with cameras and microphones. */
  url: string;
}

/** Bundles one script of a test and serves it in an otherwise empty page on a free port of this machine. */
export async function serveScript(entry: URL): Promise<ServedScript> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'chrome111',
    logLevel: 'silent',
  });
  const script = outputFiles[0]!.contents;
  const page =
    '<!doctype html><title>Test</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isScript ? script : page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
