import type { DirectoryRoom } from './directory-room.ts';
import type { GatewayHolding, Holdings, NodeHolding } from './holdings.ts';

/** A difference between a room's records in Redis, its nodes and its gateways. */
export interface Disagreement {
  /** The same text for the same difference: it identifies the difference in the next sample. */
  text: string;
  /** The processes it is about. While one of them is unknown, it cannot be told whether the difference is over. */
  of: string[];
}

type Peer = DirectoryRoom['peers'][number];

/**
 * Invariant I2 for one room: each peer's record in Redis names the node that holds it, that node's boot, and the session
 * that speaks for it; nothing else is held anywhere; each gateway's picture is the record's.
 */
export function disagreements(directory: DirectoryRoom, holdings: Holdings): Disagreement[] {
  return [
    ...directory.peers.flatMap((peer) => ofPeer(peer, holdings)),
    ...holdings.nodes.flatMap((node) => ofNode(node, directory)),
    ...holdings.gateways.flatMap((gateway) => [...ofSessions(gateway, directory), ...ofPicture(gateway, directory)]),
  ];
}

/** A peer's record against its node and its gateway. */
function ofPeer(peer: Peer, holdings: Holdings): Disagreement[] {
  const { peerId, node: name } = peer;
  const node = holdings.nodes.find((one) => one.node === name);
  if (!node && holdings.unknown.has(name)) return [];
  if (!node) return [{ text: `Redis has ${peerId} on ${name}, which is gone`, of: [] }];
  const held = node.peers.find((one) => one.peerId === peerId);
  const of = [name];
  if (!held || held.state === 'movedAway') {
    return [{ text: `Redis has ${peerId} on ${name}, which does not hold it`, of }];
  }
  if (node.slice?.boot !== peer.boot) return [{ text: `Redis has ${peerId} on another boot of ${name}`, of }];
  if (held.sessionId !== peer.sessionId) {
    return [{ text: `${name} holds ${peerId} for another session than Redis says`, of }];
  }
  const lost = held.state === 'detached';
  const found: Disagreement[] = lost ? [] : withoutSession(peer, holdings);
  if (lost && hasSession(peer, holdings)) {
    found.push({ text: `${name} holds ${peerId} as detached, whose session is there`, of });
  }
  const connection = 'connection' in peer && peer.connection === 'lost';
  if (connection && !lost) found.push({ text: `Redis has ${peerId} without a connection, ${name} with one`, of });
  return found;
}

const gatewayOf = ({ gateway }: Peer, { gateways }: Holdings): GatewayHolding | undefined =>
  gateways.find(({ address }) => address === gateway);

function hasSession(peer: Peer, holdings: Holdings): boolean {
  const sessions = gatewayOf(peer, holdings)?.sessions ?? [];
  return sessions.some(({ peerId, sessionId }) => peerId === peer.peerId && sessionId === peer.sessionId);
}

function withoutSession(peer: Peer, holdings: Holdings): Disagreement[] {
  const { peerId, gateway: address } = peer;
  if (hasSession(peer, holdings)) return [];
  const gateway = gatewayOf(peer, holdings);
  if (gateway)
    return [{ text: `Redis has ${peerId} at ${gateway.gateway}, which has no session of it`, of: [gateway.gateway] }];
  // An inbox is named after its process.
  if ([...holdings.unknown].some((name) => address.includes(`:${name}:`))) return [];
  return [{ text: `Redis has ${peerId} at a gateway that is gone`, of: [] }];
}

/** A node's peers against their records. A fenced slice is being closed; the search for leaks at the end finds one that is not. */
function ofNode(holding: NodeHolding, directory: DirectoryRoom): Disagreement[] {
  const { node, slice, peers } = holding;
  if (!slice || slice.fenced) return [];
  const claimed = directory.slices.get(node) === slice.boot || peers.every(({ state }) => state !== 'here');
  return [
    ...(claimed ? [] : [{ text: `Redis has no claim of ${node}, which holds peers`, of: [node] }]),
    ...peers
      .filter(({ state }) => state === 'here' || state === 'detached')
      .flatMap((peer) => heldPeer(node, peer, directory)),
    ...lostProducers(holding, directory),
  ];
}

function heldPeer(node: string, { peerId, producers }: NodeHolding['peers'][number], directory: DirectoryRoom) {
  const of = [node];
  const found: Disagreement[] = [];
  const record = directory.peers.find((one) => one.peerId === peerId);
  if (!record) found.push({ text: `${node} holds ${peerId}, whom Redis does not know`, of });
  else if (record.node !== node) found.push({ text: `${node} holds ${peerId}, who is on ${record.node}`, of });
  for (const { producerId, paused } of producers) {
    const known = directory.producers.find((one) => one.producerId === producerId);
    if (!known) found.push({ text: `${node} has producer ${producerId}, which Redis does not know`, of });
    else if (known.paused !== paused)
      found.push({ text: `${node} and Redis differ on the pause of ${producerId}`, of });
  }
  return found;
}

/** Producers that Redis has of this node, and the node does not have. */
function lostProducers({ node, slice, peers }: NodeHolding, directory: DirectoryRoom): Disagreement[] {
  const held = new Set(peers.flatMap(({ producers }) => producers.map(({ producerId }) => producerId)));
  return directory.producers
    .filter(({ producerId, node: owner }) => owner === node && !held.has(producerId))
    .map(({ producerId, boot }) => {
      const which = boot === slice?.boot ? node : `another boot of ${node}`;
      return { text: `Redis has producer ${producerId} on ${which}, which does not hold it`, of: [node] };
    });
}

function ofSessions({ gateway, address, sessions }: GatewayHolding, directory: DirectoryRoom): Disagreement[] {
  const of = [gateway];
  return sessions.flatMap(({ peerId, sessionId, node }) => {
    const record = directory.peers.find((one) => one.peerId === peerId);
    if (!record) return [{ text: `${gateway} has a session of ${peerId}, whom Redis does not know`, of }];
    if (record.gateway !== address || record.sessionId !== sessionId) {
      return [{ text: `${gateway} has a session of ${peerId}, who has another by now`, of }];
    }
    return record.node === node
      ? []
      : [{ text: `${gateway} asks ${node} for ${peerId}, who is on ${record.node}`, of }];
  });
}

/** A gateway's picture of the room against the records. */
function ofPicture({ gateway, picture }: GatewayHolding, directory: DirectoryRoom): Disagreement[] {
  if (!picture) return [];
  const of = [gateway];
  if (picture.epoch !== directory.epoch) return [{ text: `${gateway} is in another life of the room`, of }];
  const told = new Set([...picture.peers.map(peerText), ...picture.producers.map(producerText)]);
  const known = new Set([...directory.peers.map(peerText), ...directory.producers.map(producerText)]);
  return [
    ...[...known]
      .filter((one) => !told.has(one))
      .map((one) => ({ text: `the picture of ${gateway} lacks ${one}`, of })),
    ...[...told]
      .filter((one) => !known.has(one))
      .map((one) => ({ text: `the picture of ${gateway} has ${one}, and Redis has not`, of })),
  ];
}

const peerText = ({ peerId, sessionId, node }: { peerId: string; sessionId: string; node: string }): string =>
  `${peerId} ${sessionId} ${node}`;
const producerText = ({ producerId, paused }: { producerId: string; paused: boolean }): string =>
  `${producerId} ${paused ? 'paused' : 'live'}`;
