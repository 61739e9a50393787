import * as z from 'zod';
import type { PeerId, RoomId, SessionId } from '../../base/ids.ts';
import { clientActions } from '../client/actions.ts';
import type { ClientMoveEvent, ClientPeerEvent, ConsumerInfo, MoveEvent, Replies } from '../client/messages.ts';
import { moveReasons } from '../client/messages.ts';
import type { Json } from '../fields.ts';
import * as f from '../fields.ts';
import type { IceParameters, RtpCapabilities, RtpParameters, TransportParameters } from '../media.ts';
import * as m from '../media.ts';
import type { Position } from '../room.ts';

/** Which peer an operation is for, and the session that speaks for it: an older session's word counts no more. */
const peer = z.object({ room: f.roomId, peerId: f.peerId, sessionId: f.sessionId });
const producer = peer.extend({ producerId: f.producerId });
const consumers = peer.extend({ consumerIds: z.array(f.consumerId).min(1).max(256) });
const actions = clientActions;

/** What a peer consumed where it was: it is consumed again where it comes. */
const carriedConsumer = z.object({
  consumerId: f.consumerId,
  producerId: f.producerId,
  paused: z.boolean(),
  preferredLayers: m.consumerLayers.exactOptional(),
  /** As the client set it; without it 1. */
  priority: m.consumerPriority.exactOptional(),
});
export type CarriedConsumer = z.infer<typeof carriedConsumer>;

/** Gateway → node. */
export const peerOperations = {
  joinPeer: peer.extend({
    /** A move: the peer is in the room already, in this boot's hands, and comes without leaving. */
    from: z
      .object({
        node: z.string().max(64),
        boot: z.string().max(32),
        /** The session that spoke for it when the move was decided: a newer session's word counts. */
        sessionId: f.sessionId,
        reason: z.enum(moveReasons),
        /** How long the old place stays for the client, in ms. */
        deadlineMs: z.int().min(0).max(3_600_000),
      })
      .exactOptional(),
    consumers: z.array(carriedConsumer).max(2000).exactOptional(),
    gateway: z.string().max(128),
    resumeHash: z.string().max(64),
    /** Hash of the token that the client has shown: it lets the join replace a peer of its id. */
    shown: z.string().max(64).exactOptional(),
    /** Hash of the router capabilities that the gateway has: those are left out of the answer. */
    knownCapabilities: z.string().max(64).exactOptional(),
    name: f.displayName.exactOptional(),
    metadata: f.metadata.exactOptional(),
    features: z.array(z.string().max(32)).max(16),
    transports: z.boolean(),
    rtpCapabilities: m.rtpCapabilities.exactOptional(),
  }),
  leavePeer: peer.extend({ reason: z.enum(['left', 'disconnected', 'replaced', 'kicked', 'failed']) }),
  /** The session is lost. The peer stays for the resume window, its media untouched. */
  detachPeer: peer,
  /** Another session speaks for the peer from now on: `resumeHash` must be the peer's own. */
  attachPeer: peer.extend({ gateway: z.string().max(128), resumeHash: z.string().max(64) }),
  /**
   * The peer stands where it was told to go: what it still has at its old place may go, and at the new it is at home.
   */
  releasePeer: peer,
  createTransport: peer.extend(actions.createWebRtcTransport.shape),
  connectTransport: peer.extend(actions.connectTransport.omit({ role: true }).shape),
  restartIce: peer.extend(actions.restartIce.shape),
  /** The client gives the transport back. */
  closeTransport: peer.extend(actions.closeTransport.shape),
  produce: peer.extend(actions.produce.shape),
  pauseProducer: producer,
  resumeProducer: producer,
  closeProducer: producer,
  consume: peer.extend({
    producerIds: z.array(f.producerId).min(1).max(256).refine(f.isUnique),
    transportId: f.transportId.exactOptional(),
    rtpCapabilities: m.rtpCapabilities.exactOptional(),
    paused: z.boolean(),
    preferredLayers: m.consumerLayers.exactOptional(),
  }),
  pauseConsumers: consumers,
  resumeConsumers: consumers,
  closeConsumers: consumers,
  setPreferredLayers: peer.extend(actions.setPreferredLayers.shape),
  setPriority: peer.extend(actions.setPriority.shape),
  requestKeyFrame: peer.extend(actions.requestKeyFrame.shape),
  produceData: peer.extend(actions.produceData.shape),
  consumeData: peer.extend(actions.consumeData.shape),
  closeDataProducer: peer.extend(actions.closeDataProducer.shape),
  closeDataConsumer: peer.extend(actions.closeDataConsumer.shape),
  sendMessage: peer.extend(actions.sendMessage.shape),
  updatePeer: peer.extend(actions.updatePeer.shape),
  getStats: peer.extend({
    transportId: f.transportId.exactOptional(),
    producerId: f.producerId.exactOptional(),
    consumerId: f.consumerId.exactOptional(),
  }),
} as const;

/** One end of a pipe between two routers: where it listens, and the key that it sends with. */
const pipeEnd = z.object({
  transportId: f.objectId,
  ip: z.string().max(256),
  port: z.int().min(1).max(65_535),
  srtpParameters: m.srtpParameters.exactOptional(),
});
export type PipeEnd = z.infer<typeof pipeEnd>;

const link = z.object({
  room: f.roomId,
  /** The asker's router and the giver's: a pair of routers has one pipe, whichever asked first. */
  askerRouter: f.objectId,
  giverRouter: f.objectId,
});

/** Node → node. The asker wants a producer; the giver has it. */
export const pipeOperations = {
  openPipe: link.extend({ askerAddress: z.string().max(128), asker: pipeEnd, producerId: f.producerId }),
  closePipe: link.extend({ askerTransportId: f.objectId, producerIds: z.array(f.producerId).max(4096) }),
  /** What the asker still carries: the giver closes the rest. The sweep behind a lost `closePipe`. */
  syncPipe: link.extend({ askerTransportId: f.objectId, producerIds: z.array(f.producerId).max(4096) }),
  /** The demand behind the asker for the producer: the highest spatial layer, −1 for nothing. */
  pipeDemand: link.extend({
    askerTransportId: f.objectId,
    producerId: f.producerId,
    maxSpatialLayer: z.int().min(-1).max(7),
  }),
  /** The way from the producer's node to the asker is cut: the asked one is to fetch it there, and to give it on. */
  relayPipe: z.object({ room: f.roomId, producerId: f.producerId }),
} as const;

/** An operator, by any process of the cluster → node, or gateway. */
export const drainOperations = {
  /**
   * Takes nothing new. A node waits for the gateways to move its peers, `deadlineMs` at most; a gateway sends its
   * clients elsewhere, spread over so long. Without it, what the process's own settings say.
   */
  drain: z.object({ deadlineMs: z.int().min(0).max(86_400_000).exactOptional() }),
  cancelDrain: z.object({}),
  drainStatus: z.object({}),
} as const;

export interface DrainStatus {
  /** From its beginning until it is cancelled. */
  draining: boolean;
  /** No peer is waited for any more. */
  over: boolean;
  /** Peers still here, moved away, and left behind at the deadline. */
  remaining: number;
  moved: number;
  failed: number;
}

export const nodeOperations = { ...peerOperations, ...pipeOperations, ...drainOperations } as const;
export type NodeOperations = typeof nodeOperations;
export type NodeOperationName = keyof NodeOperations;
export type OperationParams<O extends NodeOperationName> = z.output<NodeOperations[O]>;

export type OpenPipeResult = { giver: PipeEnd } & (
  | {
      kind: 'audio' | 'video';
      rtpParameters: RtpParameters;
      paused: boolean;
    }
  | {
      kind: 'data';
      sctpStreamParameters: m.SctpStreamParameters;
      label: string;
      protocol: string;
    }
);

type Nothing = Record<string, never>;

/** What each operation returns. */
export interface OperationResults {
  joinPeer: Position & {
    /** Of the peer's router; left out where the asker has them. */
    rtpCapabilities?: RtpCapabilities;
    capabilitiesHash: string;
    producerTransport?: TransportParameters;
    consumerTransport?: TransportParameters;
    /** What the client is to be told of a move. The node goes on saying it until it hears that the client stands. */
    move?: MoveEvent;
  };
  leavePeer: Nothing;
  detachPeer: Nothing;
  attachPeer: {
    consumers: CarriedConsumer[];
    producerIds: string[];
    rtpCapabilities?: RtpCapabilities;
    /** Whether the node knew that the session before was lost. */
    wasDetached: boolean;
    /** What the client was told, or should have been, and has not answered with `moved`. */
    move?: MoveEvent;
  };
  releasePeer: Nothing;
  drain: DrainStatus;
  cancelDrain: DrainStatus;
  drainStatus: DrainStatus;
  createTransport: TransportParameters;
  connectTransport: Nothing;
  restartIce: { iceParameters: IceParameters };
  closeTransport: Nothing;
  produce: { producerId: string };
  pauseProducer: Nothing;
  resumeProducer: Nothing;
  closeProducer: Nothing;
  consume: { consumers: ConsumerInfo[]; failed: { producerId: string; code: string }[] };
  pauseConsumers: Nothing;
  resumeConsumers: Nothing;
  closeConsumers: Nothing;
  setPreferredLayers: Nothing;
  setPriority: Nothing;
  requestKeyFrame: Nothing;
  produceData: { dataProducerId: string };
  consumeData: Omit<Replies['consumeData'], 'type'>;
  closeDataProducer: Nothing;
  closeDataConsumer: Nothing;
  sendMessage: { seq: number };
  updatePeer: Nothing;
  getStats: { stats: Json[] };
  openPipe: OpenPipeResult;
  /** `linkClosed`: nothing was left on the pair and the giver let its end go. */
  closePipe: { linkClosed: boolean };
  /** `known`: the asked one has its end of the pair, or is making it. `sent`: bytes of RTP, since its end was made. */
  syncPipe: { closed: number; missing: string[]; known: boolean; sent: number };
  pipeDemand: Nothing;
  /** The router that has it now, for `openPipe`. */
  relayPipe: { router: string };
}

/**
 * Node → gateway, one way: an event for sessions of one room. Lost ones are not sent again, since each is recoverable by
 * asking; but for `move`, which is until it is answered.
 */
export const peerNotice = z.object({
  room: f.roomId,
  sessions: z.array(z.object({ peerId: f.peerId, sessionId: f.sessionId })).min(1),
  event: z.looseObject({ type: z.string().max(64) }),
});
export interface PeerNotice {
  room: RoomId;
  sessions: readonly NoticedSession[];
  event: ClientPeerEvent | ClientMoveEvent;
}
/** The session speaks for the peer: an older one is told nothing more. */
export interface NoticedSession {
  peerId: PeerId;
  sessionId: SessionId;
}
