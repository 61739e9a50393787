import type { PeerId, PeerRecord, Position, RoomEvent } from '@sluice/shared';
import { keepOldPlace, type OldPlaceOptions } from '../moving/old-place.ts';
import type { Peer } from '../room/peer.ts';
import type { Slice } from '../room/slice.ts';
import { lostGraceMs } from '../viewing/consume.ts';
import { keepLost, replaceConsumers, stopWaiting, wasLost } from '../viewing/successors.ts';
import { type FencedOptions, letGo } from './fenced.ts';

export type RoomEventOptions = OldPlaceOptions & FencedOptions;

type Follow<T extends RoomEvent['type']> = (
  node: RoomEventOptions,
  slice: Slice,
  event: Extract<RoomEvent, { type: T }>,
  position: Position,
) => void;

const nothing = () => undefined;

/** What each room event changes here. Most were caused by this node itself, and change nothing any more. */
const handlers: { [T in RoomEvent['type']]: Follow<T> } = {
  producerAdded: (_, slice, { producer }) => replaceConsumers(slice, producer),
  producerClosed: (node, slice, { producerId, reason }) => {
    slice.forgetDemand(producerId);
    if (wasLost(reason)) return keepLost(slice, node.clock, producerId);
    slice.rememberGone(producerId, lostGraceMs);
    slice.pipes.producerClosed(producerId);
    stopWaiting(slice, producerId);
  },
  producerPaused: (_, slice, { producerId }) => pausePipes(slice, producerId, true),
  producerResumed: (_, slice, { producerId }) => pausePipes(slice, producerId, false),
  peerLeft: (node, slice, { peerId, reason }, position) =>
    compareOwnPeer(node, slice, { peerId, now: undefined, position, reason }),
  peerJoined: (node, slice, { peer }, position) => comparePeer(node, slice, peer, position),
  peerUpdated: (node, slice, { peer }, position) => comparePeer(node, slice, peer, position),
  sliceFenced: (node, slice, { node: name, boot }) => {
    if (name === slice.owner.node && boot === slice.owner.boot) letGo(node, slice);
  },
  message: nothing,
  roomClosed: nothing,
};

/** The room's channel, or its stream after a gap, has told of an event. */
export function followRoom(node: RoomEventOptions, slice: Slice, event: RoomEvent, position: Position): void {
  const table: Record<string, Follow<RoomEvent['type']> | undefined> = handlers as never;
  // An event type of a newer version has no handler.
  if (Object.hasOwn(table, event.type)) table[event.type]?.(node, slice, event, position);
}

function pausePipes(slice: Slice, producerId: Parameters<Slice['isGone']>[0], paused: boolean): void {
  // A copy that closes meanwhile needs no pause.
  slice.pipes.producerPaused(producerId, paused).catch(() => undefined);
}

const comparePeer = (node: RoomEventOptions, slice: Slice, now: PeerRecord, position: Position): void =>
  compareOwnPeer(node, slice, { peerId: now.peerId, now, position, reason: 'replaced' });

interface PeerNews {
  peerId: PeerId;
  /** Its record in the room; undefined where it has left. */
  now: PeerRecord | undefined;
  position: Position;
  reason: string;
}

/** An event about a peer of this node that this node did not cause: it left, moved, or another session is the peer now. */
function compareOwnPeer(node: RoomEventOptions, slice: Slice, { peerId, now, position, reason }: PeerNews): void {
  const peer = slice.peers.get(peerId);
  if (!peer) return;
  const fate = whatBecameOf(peer, now, position);
  if (fate === 'gone') {
    node.log.info({ room: slice.room, peer: peer.id, reason }, 'A peer was taken out of its room.');
    slice.discard(peer);
    node.slices.settle(slice);
  } else if (fate !== 'asBefore') {
    peer.record = fate;
    keepOldPlace(node, { slice, peer });
  }
}

/**
 * What the room's record makes of a peer here; a record where the peer is on another node now. An event from before the
 * peer entered says nothing, nor does this node's own, which may be heard before its writer is answered.
 */
function whatBecameOf(peer: Peer, now: PeerRecord | undefined, position: Position): 'asBefore' | 'gone' | PeerRecord {
  const { phase, record } = peer;
  if (!('enteredAt' in phase) || isBefore(position, phase.enteredAt)) return 'asBefore';
  // Written again by a node that had it before this one: it is put right by what this one writes.
  if (now && now.generation < record.generation) return 'asBefore';
  if (now?.resumeHash !== record.resumeHash) return now?.sessionId === peer.sessionId ? 'asBefore' : 'gone';
  if (now.boot === record.boot) return 'asBefore';
  const { gateway, sessionId } = now;
  return { ...record, gateway, sessionId };
}

/** Whether this was told no later than that. Numbers of two lives of a room have nothing to do with each other. */
const isBefore = (position: Position, that: Position): boolean =>
  position.epoch === that.epoch && position.seq <= that.seq;
