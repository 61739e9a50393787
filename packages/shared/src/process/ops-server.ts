import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ErrorCode, SluiceError } from '../base/errors.ts';
import type { MetricsRegistry } from '../base/metrics.ts';

/** Why a process isn't ready, or that it is. Alive and ready are two things: a node without Redis is alive. */
export type Readiness = { ready: true } | { ready: false; reasons: string[] };

/** Answers one request with what is said as JSON. `names` stand where the route's path has `{…}`, in order. */
export type OpsRoute = (query: URLSearchParams, names: readonly string[]) => unknown;

export interface OpsServer {
  port: number;
  close(): Promise<void>;
}

/**
 * The private port of a process: `/healthz` (it lives), `/readyz` (it takes work, or why not) and `/metrics`. Never the
 * port that clients reach.
 */
export async function startOpsServer(options: {
  host: string;
  port: number;
  readiness: () => Readiness;
  metrics: MetricsRegistry;
  /** What else can be asked here, by method and path: `POST /nodes/{id}/drain`. What it throws is answered as an error. */
  routes?: Readonly<Record<string, OpsRoute>>;
}): Promise<OpsServer> {
  const find = finder(options.routes ?? {});
  const server = createServer((request, response) => {
    const answer: Answer = (status, body, type = 'application/json') => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(body);
    };
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://ops');
    const found = find(`${request.method} ${path}`);
    if (found) answerRoute(() => found.route(searchParams, found.names), answer);
    else answerPath(path, options, answer);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Answer = (status: number, body: string, type?: string) => void;

function answerRoute(run: () => unknown, answer: Answer): void {
  Promise.resolve()
    .then(run)
    .then((result) => answer(200, JSON.stringify(result)))
    .catch((error: unknown) => {
      const known = SluiceError.from(error);
      answer(statuses[known.code] ?? 400, JSON.stringify(known.toWire()));
    });
}

function answerPath(
  path: string,
  { readiness, metrics }: { readiness: () => Readiness; metrics: MetricsRegistry },
  answer: Answer,
): void {
  if (path === '/healthz') return answer(200, '{"alive":true}');
  if (path === '/readyz') {
    const state = readiness();
    return answer(state.ready ? 200 : 503, JSON.stringify(state));
  }
  if (path !== '/metrics') return answer(404, '{"error":"There is /healthz, /readyz and /metrics."}');
  metrics.metrics().then(
    (text) => answer(200, text, metrics.contentType),
    () => answer(500, '{"error":"The metrics could not be collected."}'),
  );
}

/** What is no fault of the request. */
const statuses: Partial<Record<ErrorCode, number>> = {
  nodeUnknown: 404,
  gatewayUnknown: 404,
  internal: 500,
  nodeUnavailable: 503,
  coordinatorUnavailable: 503,
  deadlineExceeded: 504,
};

/** Finds a route by its method and path. */
function finder(routes: Readonly<Record<string, OpsRoute>>) {
  const patterns = Object.entries(routes).map(([path, route]) => ({
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
    route,
  }));
  return (asked: string): { route: OpsRoute; names: string[] } | undefined => {
    for (const { pattern, route } of patterns) {
      const match = pattern.exec(asked);
      if (match) return { route, names: match.slice(1) };
    }
    return undefined;
  };
}
