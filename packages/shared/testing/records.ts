import type { BootId, NodeId, PeerId, ProducerId, RoomId, RouterId, SessionId } from '../src/base/ids.ts';
import type { Owner, PeerRecord, ProducerRecord } from '../src/protocol/room.ts';

/** Records for tests, by name: the ids of production are minted, those of tests are meant to be read. */
export const roomNamed = (name: string): RoomId => name as RoomId;

export const ownerNamed = (node: string, boot = `${node}-boot`): Owner => ({
  node: node as NodeId,
  boot: boot as BootId,
});

export function peerRecord(peerId: string, owner: Owner, more: Partial<PeerRecord> = {}): PeerRecord {
  return {
    ...owner,
    peerId: peerId as PeerId,
    gateway: 'gateway:gw-1:boot',
    sessionId: `s_${peerId}` as SessionId,
    resumeHash: `hash-of-${peerId}`,
    features: [],
    generation: 1,
    ...more,
  };
}

export function producerRecord(
  producerId: string,
  peer: Pick<PeerRecord, 'peerId' | 'node' | 'boot'>,
  more: Partial<ProducerRecord> = {},
): ProducerRecord {
  return {
    node: peer.node,
    boot: peer.boot,
    producerId: producerId as ProducerId,
    peerId: peer.peerId,
    kind: 'video',
    router: 'router-1' as RouterId,
    paused: false,
    ...more,
  };
}
