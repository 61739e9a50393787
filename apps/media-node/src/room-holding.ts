import { type Endpoint, mostListed, type Owner, type RoomId } from '@sluice/shared';
import type { Peer } from './room/peer.ts';
import type { Slices } from './room/slices.ts';

export interface HoldingOptions {
  readonly owner: Owner;
  readonly endpoint: Endpoint;
  readonly slices: Slices;
}

/** What this node holds of a room, for `GET /rooms/{room}`: the truth that the room's records in Redis must match. */
export function describeHolding({ owner, endpoint, slices }: HoldingOptions, room: RoomId) {
  const slice = slices.get(room);
  const peers = [...(slice?.peers.values() ?? [])];
  return {
    room,
    node: owner.node,
    hearing: endpoint.hearing,
    ...(slice && {
      slice: {
        boot: slice.owner.boot,
        fenced: slice.fenced,
        position: slice.feed.position,
        routers: slice.routers.length,
        pipes: [...slice.links.ends].length,
      },
    }),
    peers: peers.slice(0, mostListed).map(describePeer),
    leftOut: Math.max(0, peers.length - mostListed),
  };
}

function describePeer(peer: Peer) {
  const { peerId, sessionId, gateway } = peer.record;
  return {
    peerId,
    sessionId,
    gateway,
    state: stateOf(peer),
    transports: [...peer.transports].map(([transportId, { direction, transport }]) => ({
      transportId,
      direction,
      ice: transport.iceState,
      dtls: transport.dtlsState,
    })),
    producers: [...peer.producers.values()].map(({ record: { producerId, kind, paused } }) => ({
      producerId,
      kind,
      paused,
    })),
    consumers: peer.consumers.size + peer.dataConsumers.size,
  };
}

/** `entering`: not in the directory yet. `movedAway`: in another node's hands, its media still here. */
function stateOf({ phase, detached }: Peer): 'detached' | Peer['phase']['name'] {
  return phase.name === 'here' && detached ? 'detached' : phase.name;
}
