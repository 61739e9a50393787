import { LocalCluster } from '@sluice/local';
import type { RoomId } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { RawPeer } from '../raw/raw-peer.ts';
import { workerUdpPorts } from '../network/udp-ports.ts';

export type Node = LocalCluster['nodes'][number];

export const soon = { withinMs: 10_000 };

let cluster: LocalCluster;

export const nodes = {
  get A(): Node {
    return cluster.nodes[0]!;
  },
  get B(): Node {
    return cluster.nodes[1]!;
  },
};

/** Two nodes of two workers for a file of tests, and nothing left behind by any of them. */
export function useTwoNodes(): void {
  let idlePorts: string;

  beforeAll(async () => {
    const settings = { PIPE_IDLE_MS: '200', EMPTY_SLICE_MS: '100' };
    cluster = await LocalCluster.start({ nodes: 2, gateways: 1, workers: 2, port: 0, host: '127.0.0.1', settings });
    idlePorts = String(await workerUdpPorts([process.pid]));
  });

  /** Whatever a test did: once its peers have gone, nothing of it is left, neither in these processes nor in the kernel. */
  afterEach(async () => {
    vi.restoreAllMocks();
    await eventually('all slices to be gone', () => cluster.nodes.every(({ slices }) => slices.size === 0), soon);
    await eventually(
      'all pipe ports to be free',
      async () => String(await workerUdpPorts([process.pid])) === idlePorts,
      soon,
    );
  });

  afterAll(() => cluster?.stop());
}

export const join = (node: Node, room: string, features?: string[]) =>
  RawPeer.join({ url: cluster.url, node: node.owner.node }, room, features);

export type Heard = { type: string; replaces?: string; consumerId?: string; reason?: string }[];

export function eventsOf({ connection }: RawPeer): Heard {
  const heard: Heard = [];
  connection.on('event', (event) => heard.push(event));
  return heard;
}

export const sliceOf = (node: Node, room: string) => node.slices.get(room as RoomId);

/** Ends of pipes to other nodes, and between routers here. */
export function endsOf(node: Node, room: string) {
  const ends = [...(sliceOf(node, room)?.links.ends ?? [])];
  return { node: ends.filter(({ scope }) => scope === 'node'), worker: ends.filter(({ scope }) => scope === 'worker') };
}

export const pairsBetween = (room: string) => [nodes.A, nodes.B].map((node) => endsOf(node, room).node.length);

export type Call = Parameters<Node['endpoint']['call']>;

/** Stands in for what a node asks of others, operation by operation; the rest goes its way. */
export function intercept(
  node: Node,
  operation: string,
  act: (ask: () => Promise<unknown>, params: Call[2]) => Promise<unknown>,
): void {
  const call = node.endpoint.call.bind(node.endpoint) as (...args: Call) => Promise<unknown>;
  const stand = (...args: Call) => (args[1] === operation ? act(() => call(...args), args[2]) : call(...args));
  vi.spyOn(node.endpoint, 'call').mockImplementation(stand as typeof node.endpoint.call);
}
