import type { Endpoint } from '../bus/rpc/endpoint.ts';
import { SluiceError } from '../base/errors.ts';
import type { OpsRoute } from './ops-server.ts';
import type { DrainStatus, drainOperations, OperationParams } from '../protocol/cluster/operations.ts';
import type { Registry } from '../cluster/registry.ts';
import type { Member } from '../cluster/reports.ts';

type DrainOperation = keyof typeof drainOperations;

/** How long another process has for its answer, in ms. */
const answerMs = 2000;
const longestMs = 86_400_000;

/** What a process does about its own drain. */
export interface Drainable {
  /** Without a deadline, the one of its settings. */
  begin(deadlineMs: number | undefined): void;
  cancel(): void;
  readonly status: DrainStatus;
}

/** As the bus serves it. */
export function drainServed(own: Drainable) {
  return {
    drain: async ({ deadlineMs }: OperationParams<'drain'>) => {
      own.begin(deadlineMs);
      return own.status;
    },
    cancelDrain: async () => {
      own.cancel();
      return own.status;
    },
    drainStatus: async () => own.status,
  };
}

/**
 * Drains by the private port: `POST /drain?deadlineMs=…` begins this process's own, `GET` says how far it is, `DELETE`
 * calls it off; `/nodes/{id}/drain` and `/gateways/{id}/drain` do so for any process of the cluster, asked from any.
 */
export function drainRoutes(options: {
  own: Drainable;
  registry: Registry;
  endpoint: Endpoint;
}): Record<string, OpsRoute> {
  const { own, registry, endpoint } = options;
  const served = drainServed(own);
  const paths = {
    '/drain': undefined,
    '/nodes/{id}/drain': (id: string) => find(registry.nodes(), id, 'nodeUnknown'),
    '/gateways/{id}/drain': (id: string) => find(registry.gateways(), id, 'gatewayUnknown'),
  };
  const routes: Record<string, OpsRoute> = {};
  for (const [path, addressOf] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      routes[`${method} ${path}`] = (query, [id = '']) => {
        const params = operation === 'drain' ? readDeadline(query) : {};
        if (!addressOf) return served[operation](params);
        return endpoint.call(addressOf(id), operation, params, { ttlMs: answerMs });
      };
    }
  }
  return routes;
}

const operations: Record<string, DrainOperation> = { POST: 'drain', GET: 'drainStatus', DELETE: 'cancelDrain' };

function readDeadline(query: URLSearchParams): { deadlineMs?: number } {
  const given = query.get('deadlineMs');
  if (given === null) return {};
  const deadlineMs = Number(given);
  if (given !== '' && Number.isInteger(deadlineMs) && deadlineMs >= 0 && deadlineMs <= longestMs) return { deadlineMs };
  throw new SluiceError('badRequest', `deadlineMs is a number of ms, ${longestMs} at most.`, {
    details: { path: 'deadlineMs' },
  });
}

/** The latest boot of that name. */
function find(members: Member[], id: string, unknown: 'nodeUnknown' | 'gatewayUnknown'): string {
  const named = members.filter(({ report }) => report.id === id).sort((a, b) => b.heardAt - a.heardAt)[0];
  if (named) return named.report.address;
  throw new SluiceError(unknown, 'There is no process of that name in the cluster.', { details: { id } });
}
