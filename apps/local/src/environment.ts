import type { LocalOptions } from './config.ts';

export type Shape = Pick<LocalOptions, 'workers' | 'port' | 'host'> & {
  /** A further address to receive media at: Firefox sends to no loopback address. */
  mediaAlsoAt?: string | undefined;
};

/** Nodes of a local cluster share the machine: ports are the system's choice, and peers are spread so that pipes show. */
export function localNodeEnvironment(
  index: number,
  { workers, host, mediaAlsoAt }: Shape,
): Record<string, string | undefined> {
  return {
    NODE_ID: `node-${index + 1}`,
    WORKERS: String(workers),
    RTC_LISTEN_IP: mediaAlsoAt === undefined ? host : `${host},${mediaAlsoAt}`,
    PIPE_LISTEN_IP: '127.0.0.1',
    RTC_PORT: '0',
    PLACEMENT: 'spread',
    OPS_HOST: '127.0.0.1',
    OPS_PORT: '0',
    MEDIASOUP_WORKER_BIN: process.env['MEDIASOUP_WORKER_BIN'],
  };
}

export function localGatewayEnvironment(index: number, { port, host }: Shape): Record<string, string | undefined> {
  return {
    GATEWAY_ID: `gateway-${index + 1}`,
    HOST: host,
    PORT: String(port === 0 ? 0 : port + index),
    PLACEMENT: 'spread',
    ALLOW_NODE_CHOICE: 'true',
    OPS_HOST: '127.0.0.1',
    OPS_PORT: '0',
  };
}
