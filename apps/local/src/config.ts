import { readRedisTarget } from '@sluice/shared';
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { availableParallelism } from 'node:os';

/** A local cluster, as asked for on the command line. */
export interface LocalOptions {
  nodes: number;
  gateways: number;
  /** mediasoup workers a node. */
  workers: number;
  /** The first gateway's port; each further gateway takes the next. 0 lets the system choose. */
  port: number;
  /** The address that browsers reach it at: loopback unless asked for otherwise. */
  host: string;
  redisUrl: string | undefined;
  verbose: boolean;
}

export const usage = `Options:
  --nodes N      media nodes (2)
  --gateways N   signaling gateways (1)
  --workers N    mediasoup workers a node (as many as there are cores for all nodes, 2 at most)
  --port P       the first gateway's port (8080)
  --host A       the IP address to listen on and to announce (127.0.0.1: this machine alone; 0.0.0.0: all)
  --redis URL    use this Redis (or REDIS_URL)
  --verbose      show every log line`;

/** @throws Error with a sentence for the user. */
export function readLocalOptions(args: string[], environment: NodeJS.ProcessEnv): LocalOptions {
  const { values } = parseArgs({
    args,
    options: {
      nodes: { type: 'string', default: '2' },
      gateways: { type: 'string', default: '1' },
      workers: { type: 'string' },
      port: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      redis: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const nodes = numberOption('--nodes', values.nodes, 1, 32);
  const gateways = numberOption('--gateways', values.gateways, 1, 32);
  // An empty variable counts as none, as in every setting.
  const variable = (name: string) => (environment[name] === '' ? undefined : environment[name]);
  const [source, port] = values.port === undefined ? ['PORT', variable('PORT') ?? '8080'] : ['--port', values.port];
  return {
    nodes,
    gateways,
    workers: values.workers === undefined ? workersFor(nodes) : numberOption('--workers', values.workers, 1, 64),
    port: numberOption(source, port, 0, 65_536 - gateways),
    host: hostOption(values.host),
    redisUrl: redisOption(values.redis, variable('REDIS_URL')),
    verbose: values.verbose,
  };
}

function hostOption(text: string): string {
  const host = text === 'localhost' ? '127.0.0.1' : text;
  if (isIP(host) !== 0) return host;
  throw new Error(`--host must be an IP address of this machine, or 0.0.0.0 for all, not ${JSON.stringify(text)}.`);
}

/** Its text is not repeated: a part of it may be a password. */
function redisOption(option: string | undefined, variable: string | undefined): string | undefined {
  const url = option ?? variable;
  if (url === undefined) return undefined;
  try {
    readRedisTarget(url);
    return url;
  } catch (error) {
    throw new Error(`${option === undefined ? 'REDIS_URL' : '--redis'} ${(error as Error).message}.`, { cause: error });
  }
}

/** Enough to show that a node has several, few enough for a laptop to survive. */
export function workersFor(nodes: number): number {
  return Math.max(1, Math.min(2, Math.floor(availableParallelism() / nodes)));
}

function numberOption(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}.`);
}
