import {
  type NodeOperationName,
  type OperationParams,
  type Owner,
  type PeerId,
  type PeerRecord,
  type ProducerId,
  type RouterId,
  SluiceError,
} from '@sluice/shared';
import type { FakeNode } from './fake-node.ts';

/** What is not here is answered with nothing. */
type Answers = { [O in NodeOperationName]?: (node: FakeNode, params: OperationParams<O>) => Promise<unknown> };

const transport = {
  id: 't1',
  iceParameters: { usernameFragment: 'u', password: 'p' },
  iceCandidates: [],
  dtlsParameters: { role: 'auto', fingerprints: [] },
};
const given = { producerTransport: transport, consumerTransport: { ...transport, id: 't2' } };
let lastProducer = 0;
let lastMove = 0;

/** As a node tells a client of its move; each is another one. */
export function moveNotice({ id }: Pick<FakeNode, 'id'>, { reason = 'workerLost', deadlineMs = 0 } = {}) {
  const producerTransport = { ...transport, id: `move-${++lastMove}` };
  const rest = { rtpCapabilities: { codecs: [] }, ...given, producerTransport, consumers: [] };
  return { type: 'move', node: id, reason, deadlineMs, ...rest };
}

type Holder = Owner & Pick<PeerRecord, 'sessionId'>;

const ownerOf = ({ id, boot }: FakeNode) => ({ node: id, boot });

function assertPeer(node: FakeNode, { peerId, sessionId }: { peerId: PeerId; sessionId: string }): void {
  if (node.peers.get(peerId)?.sessionId !== sessionId) throw new SluiceError('peerNotFound', 'This peer is not here.');
}

async function addProducer(node: FakeNode, room: OperationParams<'produce'>['room'], peerId: PeerId, extra: object) {
  const producerId = `producer-${++lastProducer}` as ProducerId;
  const producer = { ...ownerOf(node), producerId, peerId, router: 'router-1' as RouterId, paused: false };
  await node.directory.commit(room, ownerOf(node), [
    { type: 'addProducer', producer: { ...producer, kind: 'video', ...extra } },
  ]);
  return producerId;
}

export const answers: Answers = {
  joinPeer: async (node, params) => {
    const { room, transports, from, shown, consumers: _consumers, rtpCapabilities: _capabilities, ...own } = params;
    const record = { ...own, ...ownerOf(node) };
    const { generation, epoch, seq } = from
      ? await node.directory.take(room, record, from as unknown as Holder)
      : await node.directory.enter(room, record, { maxPeers: 1000, shown });
    node.peers.set(params.peerId, { ...record, generation });
    return {
      epoch,
      seq,
      rtpCapabilities: { codecs: [] },
      ...(transports && given),
      ...(from && { move: moveNotice(node, from) }),
    };
  },
  leavePeer: async (node, params) => {
    assertPeer(node, params);
    const { peerId, resumeHash } = node.peers.get(params.peerId) as PeerRecord;
    node.peers.delete(peerId);
    const change = { type: 'removePeer' as const, peerId, resumeHash, reason: params.reason, producerIds: [] };
    await node.directory.commit(params.room, ownerOf(node), [change]);
    return {};
  },
  detachPeer: async () => ({}),
  attachPeer: async (node, { room, peerId, sessionId, gateway, resumeHash }) => {
    const known = node.peers.get(peerId);
    if (!known) throw new SluiceError('peerNotFound', 'This peer is not here.');
    if (known.resumeHash !== resumeHash) throw new SluiceError('resumeRejected', 'The token is not the one.');
    const peer = { ...known, sessionId, gateway };
    node.peers.set(peerId, peer);
    await node.directory.commit(room, ownerOf(node), [{ type: 'updatePeer', peer }]);
    return { consumers: [], producerIds: [], wasDetached: true };
  },
  releasePeer: async () => ({}),
  drain: async () => ({ draining: true, over: true, remaining: 0, moved: 0, failed: 0 }),
  cancelDrain: async () => ({ draining: false, over: false, remaining: 0, moved: 0, failed: 0 }),
  drainStatus: async () => ({ draining: false, over: false, remaining: 0, moved: 0, failed: 0 }),
  createTransport: async () => transport,
  restartIce: async () => ({ iceParameters: transport.iceParameters }),
  produce: async (node, { room, peerId, kind, paused, source, metadata }) => ({
    producerId: await addProducer(node, room, peerId, {
      kind,
      paused,
      ...(source !== undefined && { source }),
      ...(metadata !== undefined && { metadata }),
    }),
  }),
  pauseProducer: async (node, { room, producerId }) => {
    await node.directory.commit(room, ownerOf(node), [{ type: 'setProducerPaused', producerId, paused: true }]);
    return {};
  },
  resumeProducer: async (node, { room, producerId }) => {
    await node.directory.commit(room, ownerOf(node), [{ type: 'setProducerPaused', producerId, paused: false }]);
    return {};
  },
  closeProducer: async (node, { room, producerId }) => {
    await node.directory.commit(room, ownerOf(node), [{ type: 'removeProducer', producerId }]);
    return {};
  },
  consume: async (_node, { producerIds }) => ({
    consumers: producerIds.map((producerId) => ({ id: `c-${producerId}`, producerId })),
    failed: [],
  }),
  produceData: async (node, { room, peerId, label, protocol }) => ({
    dataProducerId: await addProducer(node, room, peerId, { kind: 'data', label, protocol }),
  }),
  consumeData: async (_node, { dataProducerId }) => ({
    dataConsumerId: 'dc1',
    dataProducerId,
    peerId: 'p',
    sctpStreamParameters: { streamId: 1 },
    label: '',
    protocol: '',
  }),
  sendMessage: async (node, { room, peerId, payload, to }) => {
    const change = { type: 'message' as const, from: peerId, payload, ...(to && { to }) };
    const { seq } = await node.directory.commit(room, ownerOf(node), [change]);
    return { seq };
  },
  updatePeer: async (node, { room, peerId, name, metadata }) => {
    const known = node.peers.get(peerId);
    if (!known) throw new SluiceError('peerNotFound', 'This peer is not here.');
    const peer = { ...known, ...(name !== undefined && { name }), ...(metadata !== undefined && { metadata }) };
    await node.directory.commit(room, ownerOf(node), [{ type: 'updatePeer', peer }]);
    return {};
  },
  getStats: async () => ({ stats: [{ a: 1 }] }),
};
