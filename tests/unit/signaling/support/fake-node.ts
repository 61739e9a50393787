import {
  type BootId,
  type Bus,
  type CallContext,
  channels,
  type Clock,
  createBusMetrics,
  type Directory,
  Endpoint,
  MetricsRegistry,
  newBootId,
  type NodeId,
  nodeOperations,
  type NodeOperationName,
  type NodeReport,
  type OperationParams,
  type PeerRecord,
  Registry,
  type ServedOperation,
  silentLogger,
} from '@sluice/shared';
import { answers } from './node-answers.ts';

type Run = (params: never, context: CallContext) => Promise<unknown>;

export interface HeardCall {
  operation: NodeOperationName;
  params: Record<string, unknown>;
  id: string;
}

/** A node without media: it enters and removes peers in the directory as a real one does, and says yes to the rest. */
export class FakeNode {
  readonly id: NodeId;
  readonly boot: BootId = newBootId();
  readonly directory: Directory;
  readonly calls: HeardCall[] = [];
  readonly endpoint: Endpoint;
  readonly registry: Registry;
  readonly peers = new Map<string, PeerRecord>();
  report: Partial<NodeReport> = {};
  readonly #bus: Bus;
  readonly #scripted = new Map<NodeOperationName, Run>();

  constructor(options: { id: string; bus: Bus; directory: Directory; clock: Clock }) {
    const { bus, clock } = options;
    this.#bus = bus;
    this.id = options.id as NodeId;
    this.directory = options.directory;
    this.endpoint = new Endpoint({
      bus,
      clock,
      log: silentLogger,
      metrics: createBusMetrics(new MetricsRegistry()),
      inbox: channels.node(this.id, this.boot),
      operations: this.#operations(),
    });
    this.registry = new Registry({ bus, clock, report: () => this.#ownReport() });
  }

  async start(): Promise<void> {
    await this.endpoint.start();
    await this.registry.start();
  }

  /** As a killed process: it is heard no more and hears no more, and nobody was told. */
  async die(): Promise<void> {
    await this.#bus.close();
  }

  async stop(): Promise<void> {
    await this.registry.stop();
    await this.endpoint.close();
  }

  /** Answers an operation differently from now on. */
  on<O extends NodeOperationName>(
    operation: O,
    run: (params: OperationParams<O>, context: CallContext) => Promise<unknown>,
  ): void {
    this.#scripted.set(operation, run);
  }

  /** As it is answered by default. */
  answer<O extends NodeOperationName>(operation: O, params: OperationParams<O>): Promise<unknown> {
    return answers[operation]?.(this, params as never) ?? Promise.resolve({});
  }

  called(operation: NodeOperationName): HeardCall[] {
    return this.calls.filter((call) => call.operation === operation);
  }

  notify(peer: PeerRecord, room: string, event: object): void {
    this.notifyAll([peer], room, event);
  }

  /** One notice for several sessions of a gateway. */
  notifyAll(peers: readonly PeerRecord[], room: string, event: object): void {
    const sessions = peers.map(({ peerId, sessionId }) => ({ peerId, sessionId }));
    this.endpoint.notify(peers[0]?.gateway ?? '', 'peerEvent', { room, sessions, event });
  }

  /** Tells a gateway who of this node's peers in the room speaks. */
  notifySpeakers(gateway: string, room: string, speakers: { peerId: string; volume: number }[]): void {
    this.endpoint.notify(gateway, 'speakers', { room, boot: this.boot, speakers });
  }

  #operations(): Record<string, ServedOperation> {
    const names = Object.keys(nodeOperations) as NodeOperationName[];
    return Object.fromEntries(
      names.map((operation) => [
        operation,
        {
          params: nodeOperations[operation],
          run: (params: never, context: CallContext) => this.#run(operation, params, context),
        },
      ]),
    );
  }

  #run(operation: NodeOperationName, params: never, context: CallContext): Promise<unknown> {
    this.calls.push({ operation, params, id: context.id });
    const scripted = this.#scripted.get(operation);
    return scripted ? scripted(params, context) : this.answer(operation, params);
  }

  #ownReport(): NodeReport {
    return {
      kind: 'node',
      id: this.id,
      boot: this.boot,
      address: this.endpoint.inbox,
      version: '0',
      region: 'default',
      load: 0,
      workers: 1,
      peers: this.peers.size,
      draining: false,
      accepting: true,
      ...this.report,
    };
  }
}
