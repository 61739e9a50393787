import type { Clock, Endpoint, Logger, PeerId, RoomId, SessionId } from '@sluice/shared';
import {
  isSluiceError,
  type OperationParams,
  type OperationResults,
  type peerOperations,
  SluiceError,
} from '@sluice/shared';

export type PeerOperationName = keyof typeof peerOperations;

/** A peer as its operations name it, and the inbox of the node that has it. */
export interface PeerAddress {
  room: RoomId;
  peerId: PeerId;
  sessionId: SessionId;
  address: string;
}

/** An operation's parameters without those that say whose it is. */
export type OwnParams<O extends PeerOperationName> = Omit<OperationParams<O>, 'room' | 'peerId' | 'sessionId'>;

/** Asks nodes for operations on peers. */
export class NodeClient {
  readonly #endpoint: Endpoint;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(endpoint: Endpoint, clock: Clock, log: Logger) {
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#log = log;
  }

  /** This gateway's own inbox: where nodes send what concerns its sessions. */
  get inbox(): string {
    return this.#endpoint.inbox;
  }

  /** Ends what was asked of a node that is lost. */
  abandon(address: string): void {
    this.#endpoint.abandon(address);
  }

  /** On this process's clock, as the deadlines are. */
  now(): number {
    return this.#clock.now();
  }

  /** As `call`, where its outcome changes nothing here. */
  tell<O extends PeerOperationName>(peer: PeerAddress, operation: O, params: OwnParams<O>, deadline: number): void {
    this.call(peer, operation, params, deadline).catch((error: unknown) => {
      const { code } = SluiceError.from(error);
      this.#log.debug({ room: peer.room, operation, code }, 'A node could not be told.');
    });
  }

  /** @param deadline on this process's clock; past it nothing is sent. */
  async call<O extends PeerOperationName>(
    peer: PeerAddress,
    operation: O,
    params: OwnParams<O>,
    deadline: number,
  ): Promise<OperationResults[O]> {
    const { room, peerId, sessionId, address } = peer;
    const ttlMs = deadline - this.#clock.now();
    if (ttlMs <= 0) throw new SluiceError('deadlineExceeded', `There was no time left for ${operation}.`);
    const whole = { ...params, room, peerId, sessionId } as unknown as OperationParams<O>;
    return this.#endpoint.call(address, operation, whole, { ttlMs, trace: sessionId });
  }
}

/** Whether the node may have done what it was asked for, without our hearing of it. */
export function isUnclear(error: unknown): boolean {
  return isSluiceError(error, 'deadlineExceeded') || isSluiceError(error, 'coordinatorUnavailable');
}
