import type { GatewayId, Logger, OperationParams, OperationResults, NodeOperationName, RoomId } from '@sluice/shared';
import {
  channels,
  createBusMetrics,
  createMemoryBus,
  createMemoryDirectory,
  createMemoryHub,
  createMetricsRegistry,
  Endpoint,
  newBootId,
  newPeerId,
  newSessionId,
  SluiceError,
  silentLogger,
  systemClock,
} from '@sluice/shared';
import type { RtpParameters } from '@sluice/shared/protocol';
import type { NodeConfig } from '../config.ts';
import { MediaNode } from '../media-node.ts';

const room = 'rehearsal' as RoomId;
/** Far more than it takes. Without it a host that hangs would keep its node from starting. */
const deadlineMs = 5000;

/**
 * Plays a call through two nodes of its own in this process, over no network but loopback and with no Redis: two people
 * join, one watches the other by a pipe, and one is moved. What a process does for the first time takes it several
 * times as long, and the first peer that a new node is given has often lost its node. A rehearsal that fails is written
 * down; the node starts all the same.
 */
export async function rehearse(config: NodeConfig, version: string, log: Logger): Promise<void> {
  const began = systemClock.now();
  try {
    await inTime(play(config, version));
    log.info({ ms: Math.round(systemClock.now() - began) }, 'A call was rehearsed.');
  } catch (error) {
    log.warn({ error }, 'The rehearsal of a call has failed; the first real one will tell.');
  }
}

/** What takes too long ends by itself, unheeded. */
async function inTime(playing: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = () => reject(new SluiceError('deadlineExceeded', 'The rehearsal takes too long.'));
  const timer = systemClock.setTimer(late, deadlineMs);
  await Promise.race([playing, promise]).finally(() => timer.cancel());
}

async function play(config: NodeConfig, version: string): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const hub = createMemoryHub();
  const common = { version, clock: systemClock, log: silentLogger };
  const open = async (name: string): Promise<MediaNode> => {
    const bus = createMemoryBus(hub);
    const own = { bus, directory: createMemoryDirectory({ hub, bus }) };
    const node = stack.use(new MediaNode({ ...common, ...own, config: modest(config, name) }));
    await node.start();
    return node;
  };
  const [here, there] = await Promise.all([open('here'), open('there')]);
  const caller = new Endpoint({
    ...common,
    bus: createMemoryBus(hub),
    metrics: createBusMetrics(createMetricsRegistry({ role: 'gateway', version })),
    inbox: channels.gateway('rehearsal' as GatewayId, newBootId()),
  });
  await caller.start();
  stack.defer(() => caller.close());
  await call(caller, here, there);
}

/** One worker, any ports, on loopback alone. */
const modest = (config: NodeConfig, nodeId: string): NodeConfig => ({
  ...config,
  nodeId,
  opsHost: '127.0.0.1',
  opsPort: 0,
  workers: 1,
  rtcListenIps: ['127.0.0.1'],
  rtcAnnouncedAddresses: [],
  rtcPort: 0,
  pipeListenIp: '127.0.0.1',
  pipeAnnouncedAddress: undefined,
});

/** A peer, and the node that it is on. */
class Player {
  readonly #caller: Endpoint;
  readonly #ids = { room, peerId: newPeerId(), sessionId: newSessionId() };
  #node: MediaNode;

  constructor(caller: Endpoint, node: MediaNode) {
    this.#caller = caller;
    this.#node = node;
  }

  join(more: Partial<OperationParams<'joinPeer'>> = {}): Promise<OperationResults['joinPeer']> {
    const { inbox: gateway } = this.#caller;
    return this.ask('joinPeer', { gateway, resumeHash: '', features: ['replace'], transports: true, ...more });
  }

  moveTo(node: MediaNode) {
    const { owner } = this.#node;
    this.#node = node;
    const from = { ...owner, sessionId: this.#ids.sessionId, reason: 'nodeLost', deadlineMs: 0 } as const;
    return this.join({ from, consumers: [] });
  }

  ask<O extends NodeOperationName>(operation: O, fields: object): Promise<OperationResults[O]> {
    const params = { ...fields, ...this.#ids } as OperationParams<O>;
    return this.#caller.call(this.#node.endpoint.inbox, operation, params, { ttlMs: deadlineMs });
  }
}

/** One who sends and one who watches, on two nodes; the one who sends is moved to the other's. */
async function call(caller: Endpoint, here: MediaNode, there: MediaNode): Promise<void> {
  const [sender, viewer] = [new Player(caller, here), new Player(caller, there)];
  const sending = await sender.join();
  const { rtpCapabilities, consumerTransport } = await viewer.join();
  await connect(viewer, consumerTransport?.id);
  const producerIds = await produceAll(sender, sending.producerTransport?.id);
  const transportId = consumerTransport?.id;
  const { consumers } = await viewer.ask('consume', { producerIds, transportId, rtpCapabilities, paused: true });
  await viewer.ask('resumeConsumers', { consumerIds: consumers.map(({ id }) => id) });
  const moved = await sender.moveTo(there);
  await produceAll(sender, moved.producerTransport?.id, producerIds);
  await Promise.all([sender, viewer].map((one) => one.ask('leavePeer', { reason: 'left' })));
}

async function produceAll(player: Player, transportId = '', replaced: readonly string[] = []): Promise<string[]> {
  await connect(player, transportId);
  const producing = media.map(async ({ kind, rtpParameters }, index) => {
    const replaces = replaced[index];
    const fields = { transportId, kind, rtpParameters, paused: false, ...(replaces !== undefined && { replaces }) };
    return (await player.ask('produce', fields)).producerId;
  });
  return Promise.all(producing);
}

/** There is no client at the other end. */
function connect(player: Player, transportId = ''): Promise<unknown> {
  const fingerprints = [{ algorithm: 'sha-256', value: Array(32).fill('00').join(':') }];
  return player.ask('connectTransport', { transportId, dtlsParameters: { role: 'client', fingerprints } });
}

/** A microphone and a simulcast camera, as a browser would offer them. */
const media: readonly { kind: 'audio' | 'video'; rtpParameters: RtpParameters }[] = [
  {
    kind: 'audio',
    rtpParameters: {
      mid: '0',
      codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
      headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 }],
      encodings: [{ ssrc: 1000 }],
      rtcp: { cname: 'rehearsal' },
    },
  },
  {
    kind: 'video',
    rtpParameters: {
      mid: '1',
      codecs: [
        {
          mimeType: 'video/VP8',
          payloadType: 96,
          clockRate: 90_000,
          rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
        },
        { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 96 } },
      ],
      headerExtensions: [
        { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 },
        { uri: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id', id: 10 },
      ],
      encodings: ['r0', 'r1'].map((rid) => ({ rid, scalabilityMode: 'L1T3', dtx: false })),
      rtcp: { cname: 'rehearsal' },
    },
  },
];
