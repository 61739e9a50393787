import type { WireError } from '../../base/errors.ts';
import type { ActionId, ActionName } from './actions.ts';
import type { Json } from '../fields.ts';
import type {
  ConsumerLayers,
  IceParameters,
  MediaKind,
  RtpCapabilities,
  RtpParameters,
  SctpStreamParameters,
  TransportParameters,
} from '../media.ts';
import type { LeaveReason, ProducerKind } from '../room.ts';

/** A producer as clients see it. */
export interface ProducerInfo {
  producerId: string;
  kind: ProducerKind;
  paused: boolean;
  source?: string;
  metadata?: Json;
  label?: string;
  protocol?: string;
  replaces?: string;
}

/** A peer as the others see it. `node` is the id of the node that its media enters the cluster at. */
export interface PeerInfo {
  peerId: string;
  name?: string;
  metadata?: Json;
  node: string;
  /** `lost`: its connection is interrupted, and it may come back. Absent: `here`. */
  connection?: 'here' | 'lost';
  producers: ProducerInfo[];
}

/** How the media comes: from the router where it was produced, over a pipe within the node, or from another node. */
export type MediaPath = 'router' | 'worker' | 'node';

export interface ConsumerInfo {
  id: string;
  producerId: string;
  peerId: string;
  kind: MediaKind;
  type: 'simple' | 'simulcast' | 'svc' | 'pipe';
  rtpParameters: RtpParameters;
  producerPaused: boolean;
  path: MediaPath;
}

/** A consumer that stands in for one that the client had. */
export interface ReplacingConsumer extends ConsumerInfo {
  /** The consumer whose place it takes. */
  replaces: string;
}

/** Why a peer's media has to go to another place. */
export const moveReasons = ['drain', 'nodeLost', 'workerLost', 'rebalance'] as const;
export type MoveReason = (typeof moveReasons)[number];

/** It may come more than once: the id of its sending transport says which move it is. */
export interface MoveEvent {
  type: 'move';
  /** Where to: the same one, where only a worker was lost. */
  node: string;
  reason: MoveReason;
  /** How long the old transports stay up, in ms; 0: they are already gone. */
  deadlineMs: number;
  rtpCapabilities: RtpCapabilities;
  producerTransport: TransportParameters;
  consumerTransport: TransportParameters;
  /** Absent where nothing may wait for them: they follow, each as `consumerAdded`. */
  consumers?: ReplacingConsumer[];
}

export interface RoomState {
  room: string;
  epoch: number;
  seq: number;
  peers: PeerInfo[];
}

export interface JoinedReply extends RoomState {
  type: 'joined';
  peerId: string;
  node: string;
  rtpCapabilities: RtpCapabilities;
  resumeToken: string;
  iceServers: { urls: string[]; username?: string; credential?: string }[];
  producerTransport?: TransportParameters;
  consumerTransport?: TransportParameters;
}

/** For one client alone: the room as it is, where its gateway could not fill a gap event by event. Oneself is left out. */
export interface SnapshotEvent extends RoomState {
  type: 'snapshot';
}

/** Either what was missed, in order, or, where that is not to be had any more, the room as it is. */
export interface ResumedReply {
  type: 'resumed';
  /** Where the peer's media is, or was when its node was last heard of: a snapshot leaves oneself out. */
  node: string;
  epoch: number;
  seq: number;
  events?: ClientRoomEvent[];
  snapshot?: RoomState;
}

/** What each action is answered with. Actions that return nothing are answered `ok`. */
export interface Replies {
  join: JoinedReply;
  resume: ResumedReply;
  createWebRtcTransport:
    | { type: 'producerTransport'; producerTransport: TransportParameters }
    | { type: 'consumerTransport'; consumerTransport: TransportParameters };
  connectTransport: { type: 'transportConnected'; transportId: string };
  restartIce: { type: 'iceRestarted'; transportId: string; iceParameters: IceParameters };
  closeTransport: OkReply;
  produce: { type: 'produced'; producerId: string };
  pauseProducer: OkReply;
  resumeProducer: OkReply;
  closeProducer: OkReply;
  consume: { type: 'consumed'; consumers: ConsumerInfo[]; failed: { producerId: string; code: string }[] };
  pauseConsumer: OkReply;
  resumeConsumer: OkReply;
  closeConsumer: OkReply;
  setPreferredLayers: OkReply;
  setPriority: OkReply;
  requestKeyFrame: OkReply;
  produceData: { type: 'dataProduced'; dataProducerId: string };
  consumeData: {
    type: 'dataConsumed';
    /** Not `id`: that is the action's. */
    dataConsumerId: string;
    dataProducerId: string;
    peerId: string;
    sctpStreamParameters: SctpStreamParameters;
    label: string;
    protocol: string;
  };
  closeDataProducer: OkReply;
  closeDataConsumer: OkReply;
  sendMessage: { type: 'messageSent'; seq: number };
  updatePeer: OkReply;
  getStats: { type: 'stats'; stats: Json[] };
  moved: OkReply;
  ping: OkReply;
  leave: OkReply;
}

export interface OkReply {
  type: 'ok';
  action: ActionName;
}

export type Reply = Replies[ActionName] & { id?: ActionId };

export interface ErrorFrame extends WireError {
  type: 'error';
  id?: ActionId;
  action?: string;
  temporary: boolean;
}

/** Room events as clients get them: each once and in order, with the room's epoch and its own number. */
export type ClientRoomEvent = { epoch: number; seq: number } & (
  | ({ type: 'peerJoined' } & Omit<PeerInfo, 'producers'>)
  | { type: 'peerLeft'; peerId: string; reason: LeaveReason }
  | ({ type: 'peerUpdated' } & Omit<PeerInfo, 'producers'>)
  | ({ type: 'producerAdded'; peerId: string } & ProducerInfo)
  | { type: 'producerClosed'; producerId: string; peerId: string; reason?: string }
  | { type: 'producerPaused' | 'producerResumed'; producerId: string; peerId: string }
  | {
      type: 'dataProducerAdded';
      dataProducerId: string;
      peerId: string;
      label: string;
      protocol: string;
      metadata?: Json;
    }
  | { type: 'dataProducerClosed'; dataProducerId: string; peerId: string }
  | { type: 'message'; from: string; payload: Json }
  | { type: 'roomClosed'; reason: string }
);

/** Events for one client alone. They come from its node and carry no number. */
export type ClientPeerEvent =
  | { type: 'consumerClosed'; consumerId: string; reason: string }
  | { type: 'dataConsumerClosed'; dataConsumerId: string; reason: string }
  | { type: 'consumerPaused' | 'consumerResumed'; consumerId: string }
  | { type: 'layersChanged'; consumerId: string; layers: ConsumerLayers | null }
  | { type: 'scoreChanged'; consumerId: string; score: number; producerScore: number }
  | { type: 'activeSpeakers'; speakers: { peerId: string; volume: number }[] }
  | { type: 'producerDemand'; producerId: string; maxSpatialLayer: number }
  | { type: 'transportClosed'; transportId: string; reason: string }
  | { type: 'goingAway'; reconnectAfterMs: number };

/** What goes with a move: for the peer that moves, and for those who watch it. */
export type ClientMoveEvent = MoveEvent | { type: 'consumerAdded'; consumer: ConsumerInfo; replaces: string };

export type ServerFrame = Reply | ErrorFrame | ClientRoomEvent | SnapshotEvent | ClientPeerEvent;
