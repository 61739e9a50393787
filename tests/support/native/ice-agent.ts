import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { types } from 'mediasoup-client';
import type { Candidate, Leg, Network } from './network.ts';
import { bindingRequest, bindingSuccess, isStun, readStun } from './stun.ts';

export interface IceAgentOptions {
  network: Network;
  remote: types.IceParameters;
  candidates: readonly types.IceCandidate[];
  /** Hears each change after the first `connected`, which the library reports once DTLS is connected. */
  onState: (state: IceState) => void;
}

export type IceState = 'connected' | 'disconnected' | 'failed';

const checkEveryMs = 500;
/** About as Chromium does it: the times without an answer after which it is `disconnected`, and `failed`. */
const disconnectedAfterMs = 5000;
const failedAfterMs = 15_000;

/**
 * ICE as a browser does it, for a library that has neither `disconnected` in time nor restarts. The agent stands between the
 * library, to which it is a lite server that always answers, and the node, to which it is the client.
 */
export class IceAgent {
  readonly #options: IceAgentOptions;
  readonly #candidates: Candidate[];
  readonly #local: Socket = createSocket('udp4');
  readonly #ready: Promise<unknown>;
  readonly #pending = new Map<string, Leg>();
  #remote: types.IceParameters;
  #library: RemoteInfo | undefined;
  #ufrag = 'sluice';
  #legs: Leg[] = [];
  #selected: Leg | undefined;
  #told: IceState = 'connected';
  #everConnected = false;
  #answeredAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #bytesReceived = 0;

  constructor(options: IceAgentOptions) {
    this.#options = options;
    this.#remote = options.remote;
    this.#candidates = options.candidates
      .map(({ protocol, address, port, priority }) => ({ protocol, address, port, priority }))
      .toSorted((one, other) => other.priority - one.priority);
    this.#local.on('message', (packet, from) => this.#fromLibrary(packet, from));
    this.#local.bind(0, '127.0.0.1');
    this.#ready = once(this.#local, 'listening');
  }

  /** From the node, answers to checks too. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** Begins to check the node's candidates. Resolves to the candidate for the library. */
  async begin(): Promise<types.IceCandidate> {
    await this.#ready;
    this.#timer ??= setInterval(() => this.#check(), checkEveryMs);
    this.#open();
    const { address, port } = this.#local.address();
    return { foundation: 'local', priority: 1, address, ip: address, protocol: 'udp', port, type: 'host' };
  }

  /** New credentials, new sockets, all candidates again: the first that answers is the way. */
  restart(remote: types.IceParameters): void {
    this.#remote = remote;
    this.#answeredAt = performance.now();
    this.#timer ??= setInterval(() => this.#check(), checkEveryMs);
    this.#open();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#drop();
    this.#local.close();
  }

  #open(): void {
    this.#drop();
    const { network } = this.#options;
    this.#legs = this.#candidates.flatMap((candidate) => {
      return network.reach(candidate, (leg, packet) => this.#fromNode(leg, packet)) ?? [];
    });
    this.#check();
  }

  #drop(): void {
    for (const leg of this.#legs.splice(0)) leg.close();
    this.#pending.clear();
    this.#selected = undefined;
  }

  #check(): void {
    const silentMs = performance.now() - this.#answeredAt;
    if (silentMs > failedAfterMs) return this.#fail();
    if (silentMs > disconnectedAfterMs && this.#everConnected) this.#tell('disconnected');
    for (const leg of this.#selected ? [this.#selected] : this.#legs) {
      const { message, transaction } = bindingRequest({
        username: `${this.#remote.usernameFragment}:${this.#ufrag}`,
        password: this.#remote.password,
        priority: leg.candidate.priority,
        nominate: leg === this.#selected,
      });
      this.#pending.set(transaction, leg);
      leg.send(message);
    }
  }

  /** Only a restart helps. */
  #fail(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#drop();
    this.#tell('failed');
  }

  #fromNode(leg: Leg, packet: Buffer): void {
    this.#bytesReceived += packet.length;
    if (!isStun(packet)) {
      if (this.#library) this.#local.send(packet, this.#library.port, this.#library.address);
      return;
    }
    const message = readStun(packet);
    if (message?.type !== 'success' || !this.#pending.delete(message.transaction)) return;
    this.#answeredAt = performance.now();
    if (!this.#selected) {
      this.#selected = leg;
      this.#check();
    }
    this.#everConnected = true;
    this.#tell('connected');
  }

  #fromLibrary(packet: Buffer, from: RemoteInfo): void {
    if (!isStun(packet)) return this.#selected?.send(packet);
    const message = readStun(packet);
    if (message?.type !== 'request') return;
    this.#library = from;
    this.#ufrag = message.username?.split(':')[1] ?? this.#ufrag;
    this.#local.send(bindingSuccess(message.transaction, this.#options.remote.password, from), from.port, from.address);
  }

  #tell(state: IceState): void {
    if (this.#told === state) return;
    this.#told = state;
    this.#options.onState(state);
  }
}
