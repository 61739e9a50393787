import type { Bus, Subscription } from '../bus/bus.ts';
import { channels } from '../bus/channels.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { NodeId } from '../base/ids.ts';
import { NodePool } from './node-pool.ts';
import {
  farewellOf,
  type GatewayReport,
  type Member,
  type NodeReport,
  parseHeartbeat,
  type Report,
} from './reports.ts';

export type RegistryEvent =
  | { type: 'appeared'; report: Report }
  | { type: 'left'; report: Report }
  /**
   * It may be dead, frozen or cut off: that can't be told from here. `silentMs` is how long ago it last gave a sign of
   * life, on this process's clock.
   */
  | { type: 'lost'; report: Report; means: LossMeans; silentMs: number };

/** How a loss was noticed: its inbox has no subscriber any more, or its lease ran out. */
export type LossMeans = 'unheard' | 'lease';

export interface RegistryOptions {
  bus: Bus;
  clock: Clock;
  /** What this process says of itself at each heartbeat; undefined for a mere listener. */
  report?: () => Report;
  /** Shorter finds the dead sooner and costs more messages. */
  heartbeatMs?: number;
  /** How long a silent member counts as alive: at least three heartbeats, or a hiccup kills. */
  leaseMs?: number;
  onEvent?(event: RegistryEvent): void;
  /** Counts what came on the registry's channel and was not a heartbeat. */
  onGarbage?(): void;
}

/**
 * Which nodes and gateways live, learned from heartbeats on one channel. Every process keeps its own picture; liveness
 * is judged by the listener's own monotonic clock from the last heartbeat heard. A newcomer is greeted at once by
 * everyone who didn't know it, so its picture is whole within milliseconds. While the bus is away, and for a lease
 * after its return, no process is judged; and neither while this process misses its own heartbeats: then it is the one
 * that is deaf or was frozen, and the others are not dead.
 */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #heartbeatMs: number;
  readonly #leaseMs: number;
  readonly #members = new Map<string, Member>();
  /** The nodes among the members, ready for a placement. */
  readonly pool = new NodePool();
  readonly #timers: Timer[] = [];
  #subscription: Subscription | undefined;
  #judgeFrom = 0;
  /** What this process last said of itself. */
  #own: Report | undefined;
  #heardSelfAt = 0;
  #greeting = false;
  #unwatch: (() => void) | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? 2000;
    this.#heartbeatMs = options.heartbeatMs ?? this.#leaseMs / 4;
  }

  async start(): Promise<void> {
    const { bus, clock } = this.#options;
    this.#unwatch = bus.onChange(() => {
      this.#judgeFrom = clock.now() + this.#leaseMs;
    });
    this.#heardSelfAt = clock.now();
    this.#subscription = await bus.subscribe(channels.registry, (message) => this.#hear(message));
    this.beat();
    this.#timers.push(clock.setRepeating(() => this.#tick(), this.#heartbeatMs));
  }

  /** Whether silence means anything at the moment. */
  get judging(): boolean {
    const { bus, clock } = this.#options;
    return bus.connected && clock.now() >= this.#judgeFrom && !this.#isDeaf();
  }

  /** Says now what this process is: at each heartbeat, and at once where others should know (a drain). */
  beat(): void {
    const report = this.#options.report?.();
    if (!report) return;
    // A process that goes on under another boot is not to be looked for under the one before.
    if (this.#own && this.#own.address !== report.address) this.#publish(farewellOf(this.#own));
    this.#own = report;
    this.#publish(report);
  }

  /** Tells every process that this one goes, so that none waits for its lease. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#unwatch?.();
    const report = this.#options.report?.();
    if (report) this.#publish(farewellOf(report));
    await this.#subscription?.unsubscribe();
  }

  /**
   * Its inbox has no subscriber any more, and last had one at `heardAt`: its lease needn't run out. It is known again
   * as soon as it is heard again.
   */
  lose(address: string, heardAt = Number.NEGATIVE_INFINITY): void {
    const member = this.#members.get(address);
    if (member) this.#lose(member, 'unheard', Math.max(member.heardAt, heardAt));
  }

  nodes(): Member<NodeReport>[] {
    return this.#living().filter(isNode);
  }

  gateways(): Member<GatewayReport>[] {
    return this.#living().filter((member): member is Member<GatewayReport> => member.report.kind === 'gateway');
  }

  node(id: NodeId): NodeReport | undefined {
    return this.pool.byId(id)?.report;
  }

  #living(): Member[] {
    return [...this.#members.values()];
  }

  #publish(message: Report | ReturnType<typeof farewellOf>): void {
    // A heartbeat that cannot be sent is not sent later: the next one is.
    this.#options.bus.publish(channels.registry, JSON.stringify(message)).catch(() => undefined);
  }

  #hear(message: string): void {
    const beat = parseHeartbeat(message);
    if (!beat) return this.#options.onGarbage?.();
    const known = this.#members.get(beat.address);
    if (beat.address === this.#own?.address) this.#heardSelfAt = this.#options.clock.now();
    if (beat.kind === 'farewell') {
      if (known) this.#leave(known);
      return;
    }
    const report = beat as Report;
    const member = { report, heardAt: this.#options.clock.now() };
    this.#members.set(report.address, member);
    if (isNode(member)) this.pool.set(member);
    if (known) return;
    this.#options.onEvent?.({ type: 'appeared', report });
    this.#greet(report);
  }

  /** Answers a newcomer with a heartbeat out of turn: one, however many newcomers there are at once. */
  #greet(newcomer: Report): void {
    const own = this.#options.report?.();
    if (!own || own.address === newcomer.address || this.#greeting) return;
    this.#greeting = true;
    this.#options.clock.setTimer(() => {
      this.#greeting = false;
      this.beat();
    }, 0);
  }

  #tick(): void {
    this.beat();
    const now = this.#options.clock.now();
    if (this.#isDeaf()) this.#judgeFrom = now + this.#leaseMs;
    if (!this.judging) return;
    for (const member of this.#living()) {
      if (now - member.heardAt > this.#leaseMs) this.#lose(member, 'lease', member.heardAt);
    }
  }

  /** Two heartbeats of its own unheard: one may be on its way. */
  #isDeaf(): boolean {
    const { clock, report } = this.#options;
    return report !== undefined && clock.now() - this.#heardSelfAt > 2 * this.#heartbeatMs;
  }

  #forget(address: string): void {
    this.#members.delete(address);
    this.pool.delete(address);
  }

  #leave({ report }: Member): void {
    this.#forget(report.address);
    this.#options.onEvent?.({ type: 'left', report });
  }

  #lose({ report }: Member, means: LossMeans, heardAt: number): void {
    this.#forget(report.address);
    this.#options.onEvent?.({ type: 'lost', report, means, silentMs: this.#options.clock.now() - heardAt });
  }
}

const isNode = (member: Member): member is Member<NodeReport> => member.report.kind === 'node';
