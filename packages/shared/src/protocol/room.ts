import type { BootId, NodeId, PeerId, ProducerId, RoomId, RouterId, SessionId } from '../base/ids.ts';
import type { Json } from './fields.ts';

/** A node's incarnation, as the owner of what it wrote. */
export interface Owner {
  node: NodeId;
  boot: BootId;
}

/** A peer as the directory knows it. */
export interface PeerRecord extends Owner {
  peerId: PeerId;
  name?: string;
  metadata?: Json;
  /** The bus address of the gateway that holds the peer's session, and that session. */
  gateway: string;
  sessionId: SessionId;
  /** SHA-256 of the resume token, base64url: the token itself is only the client's. */
  resumeHash: string;
  features: string[];
  /** The peer has had no session for a while, and may come back; absent while it has one. */
  connection?: 'lost';
  /**
   * How often the peer has changed hands: by replacing an earlier one of its id, and by moving to another node. Of two
   * records of a peer the one with the higher generation is right; within a generation, the owner's.
   */
  generation: number;
}

/** A peer before the directory has taken it in. */
export type NewPeerRecord = Omit<PeerRecord, 'generation'>;

export type ProducerKind = 'audio' | 'video' | 'data';

/** A producer or data producer as the directory knows it. Its owner and router say where a pipe to it begins. */
export interface ProducerRecord extends Owner {
  producerId: ProducerId;
  peerId: PeerId;
  kind: ProducerKind;
  router: RouterId;
  paused: boolean;
  source?: string;
  metadata?: Json;
  /** Data producers only. */
  label?: string;
  protocol?: string;
  /** The producer that this one stands in for after a move. */
  replaces?: ProducerId;
}

/** Where a reader stands: the number of the last event that it knows, in a life of the room. */
export interface Position {
  epoch: number;
  seq: number;
}

export interface RoomSnapshot {
  room: RoomId;
  epoch: number;
  seq: number;
  peers: PeerRecord[];
  producers: ProducerRecord[];
}

export type LeaveReason = 'left' | 'disconnected' | 'replaced' | 'nodeLost' | 'kicked' | 'roomClosed' | 'failed';

/**
 * What happened in a room, in the past tense, as the directory numbers and publishes it. Everything a reader needs to
 * keep its picture of the room is in the event.
 */
export type RoomEvent =
  | { type: 'peerJoined'; peer: PeerRecord }
  | { type: 'peerLeft'; peerId: PeerId; reason: LeaveReason }
  | { type: 'peerUpdated'; peer: PeerRecord }
  | { type: 'producerAdded'; producer: ProducerRecord }
  | { type: 'producerClosed'; producerId: ProducerId; peerId: PeerId; kind: ProducerKind; reason?: string }
  | { type: 'producerPaused' | 'producerResumed'; producerId: ProducerId; peerId: PeerId }
  | { type: 'message'; from: PeerId; payload: Json; to?: PeerId[] }
  | { type: 'sliceFenced'; node: NodeId; boot: BootId }
  | { type: 'roomClosed'; reason: string };

/** Events that one change caused: numbered `seq`, `seq + 1`, … in the room's `epoch`. */
export interface EventBatch {
  epoch: number;
  seq: number;
  events: RoomEvent[];
}
