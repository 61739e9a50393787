import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ErrorCode, SluiceError } from '../base/errors.ts';
import type { Logger } from '../base/logging.ts';
import type { MetricsRegistry } from '../base/metrics.ts';
import { assertMayChange } from './ops-access.ts';

/** Why a process isn't ready, or that it is. Alive and ready are two things: a node without Redis is alive. */
export type Readiness = { ready: true } | { ready: false; reasons: string[] };

/** Answers one request with what is said as JSON. `names` stand where the route's path has `{…}`, in order. */
export type OpsRoute = (query: URLSearchParams, names: readonly string[]) => unknown;

export interface OpsServer {
  port: number;
  close(): Promise<void>;
}

export interface OpsServerOptions {
  host: string;
  port: number;
  log: Logger;
  readiness: () => Readiness;
  metrics: MetricsRegistry;
  /** What else can be asked here, by method and path: `POST /nodes/{id}/drain`. What it throws is answered as an error. */
  routes?: Readonly<Record<string, OpsRoute>>;
  /** Whatever changes something needs this bearer token. Without one it is taken from the same machine alone. */
  token?: string | undefined;
}

/** How long a request may take to arrive, in ms: a health check sends a few hundred bytes. */
const requestMs = 5000;
/** More than all scrapers and health checks together; connections beyond it are closed at once. */
const mostConnections = 256;

/**
 * The private port of a process: `/healthz` (it lives), `/readyz` (it takes work, or why not) and `/metrics`. Never the
 * port that clients reach.
 */
export async function startOpsServer(options: OpsServerOptions): Promise<OpsServer> {
  const answerTo = answerer(options);
  const server = createServer({ requestTimeout: requestMs, headersTimeout: requestMs }, (request, response) => {
    answerTo(request)
      .catch((error: unknown) => refusal(error, options.log))
      .then(({ status, body, type = 'application/json' }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? undefined : body);
      })
      .catch((error: unknown) => options.log.error({ error }, 'An answer of the private port could not be sent.'));
  });
  server.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  server.on('error', (error) => options.log.error({ error }, 'The private port has a fault.'));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  status: number;
  body: string;
  type?: string;
}

/** Each request is answered once; what this throws is the answer's error. */
function answerer({ readiness, metrics, routes = {}, token }: OpsServerOptions) {
  const find = finder(routes);
  return async (request: IncomingMessage): Promise<Answer> => {
    const { path, query } = readTarget(request.url);
    const looks = request.method === 'GET' || request.method === 'HEAD';
    if (!looks) assertMayChange(request, token);
    const found = find(`${looks ? 'GET' : request.method} ${path}`);
    if (found) return { status: 200, body: JSON.stringify(await found.route(query, found.names)) };
    if (looks && path === '/healthz') return { status: 200, body: '{"alive":true}' };
    if (looks && path === '/readyz') {
      const state = readiness();
      return { status: state.ready ? 200 : 503, body: JSON.stringify(state) };
    }
    if (looks && path === '/metrics') return { status: 200, body: await metrics.metrics(), type: metrics.contentType };
    return { status: 404, body: '{"error":"There is /healthz, /readyz and /metrics."}' };
  };
}

/**
 * The path and query of a request. A request line may hold any text, and `new URL` throws for much of it.
 *
 * @throws badRequest where it is no path.
 */
function readTarget(url = ''): { path: string; query: URLSearchParams } {
  if (!url.startsWith('/') || url.startsWith('//')) throw new SluiceError('badRequest', 'The request names no path.');
  const [path = '', ...query] = url.split('?');
  return { path, query: new URLSearchParams(query.join('?')) };
}

function refusal(error: unknown, log: Logger): Answer {
  const known = SluiceError.from(error);
  if (known.code === 'internal') log.error({ error }, 'A request to the private port failed.');
  return { status: statuses[known.code] ?? 400, body: JSON.stringify(known.toWire()) };
}

/** What is no fault of the request. */
const statuses: Partial<Record<ErrorCode, number>> = {
  unauthorized: 401,
  forbidden: 403,
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
