import type { BootId, Bus, Clock, Directory, Logger, Registry, Timer } from '@sluice/shared';
import { channels, SluiceError } from '@sluice/shared';
import type { Owner } from './followed-room.ts';
import type { FollowedRooms } from './followed-rooms.ts';

/** More often finds the dead sooner and costs a look at every record of every room that is followed here. */
const sweepEveryMs = 1000;
/**
 * An orphan that no node has taken over after this long, in ms, is taken out: longer than a resume window, within which
 * its client may come back by another gateway.
 */
const reapAfterMs = 40_000;
/** Who was not heard for so many leases, by a gateway that hears everyone else, is taken for dead. */
const absentForLeases = 1.5;

/**
 * Takes the claims of dead nodes from them, in the rooms that this gateway follows. Nodes do the same in the rooms that
 * they share; a room whose only node has died has only gateways to notice. A sweep over what the rooms say, not
 * over what the registry remembers: so a gateway that came after a node's death finds what it left behind too.
 */
export class Fencing {
  readonly #rooms: FollowedRooms;
  readonly #registry: Registry;
  readonly #leaseMs: number;
  readonly #directory: Directory;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onFenced: () => void;
  readonly #onReaped: () => void;
  readonly #absentSince = new Map<BootId, number>();
  #timer: Timer | undefined;
  #unwatch: (() => void) | undefined;

  constructor(options: {
    rooms: FollowedRooms;
    registry: Registry;
    leaseMs: number;
    directory: Directory;
    bus: Bus;
    clock: Clock;
    log: Logger;
    /** This gateway was the one that took a dead node's claim from it in a room, or an orphan out of one. */
    onFenced?(): void;
    onReaped?(): void;
  }) {
    this.#rooms = options.rooms;
    this.#registry = options.registry;
    this.#leaseMs = options.leaseMs;
    this.#directory = options.directory;
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onFenced = () => options.onFenced?.();
    this.#onReaped = () => options.onReaped?.();
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => void this.sweep(), sweepEveryMs);
    // A gateway that was away may have heard no heartbeat: all absences count anew.
    this.#unwatch = this.#bus.onChange(() => this.#absentSince.clear());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#unwatch?.();
  }

  /** Fences in every room here what the registry has called dead, or has not known of for long enough. */
  async sweep(): Promise<void> {
    if (!this.#bus.connected || !this.#registry.judging) return this.#absentSince.clear();
    const { pool } = this.#registry;
    const absent = [...this.#owners()].filter(({ node, boot }) => !pool.byAddress(channels.node(node, boot)));
    this.#note(absent);
    for (const owner of absent) if (this.#isOverdue(owner, this.#absentForMs)) await this.#fence(owner);
    for (const owner of absent) if (this.#isOverdue(owner, reapAfterMs)) await this.#reap(owner);
  }

  /** The registry has judged this one dead already: no more waiting. */
  async lost(boot: BootId): Promise<void> {
    this.#absentSince.set(boot, this.#clock.now() - this.#absentForMs);
    for (const owner of [...this.#owners()]) if (owner.boot === boot) await this.#fence(owner);
  }

  *#owners(): Generator<Owner> {
    for (const followed of this.#rooms.rooms()) yield* followed.owners();
  }

  #note(absent: readonly Owner[]): void {
    const boots = new Set(absent.map(({ boot }) => boot));
    for (const boot of this.#absentSince.keys()) if (!boots.has(boot)) this.#absentSince.delete(boot);
    for (const boot of boots) if (!this.#absentSince.has(boot)) this.#absentSince.set(boot, this.#clock.now());
  }

  get #absentForMs(): number {
    return absentForLeases * this.#leaseMs;
  }

  #isOverdue({ boot }: Owner, forMs: number): boolean {
    const since = this.#absentSince.get(boot);
    return since !== undefined && this.#clock.now() - since >= forMs;
  }

  async #fence({ room, node, boot }: Owner): Promise<void> {
    try {
      if (!(await this.#directory.fence(room, node, boot))) return;
      this.#onFenced();
      this.#log.warn({ room, node, boot }, 'A lost node was fenced.');
    } catch (error) {
      // The next sweep comes here again.
      this.#log.debug({ room, node, code: SluiceError.from(error).code }, 'A lost node could not be fenced yet.');
    }
  }

  async #reap({ room, node, boot }: Owner): Promise<void> {
    for (const peerId of this.#rooms.get(room)?.peersOn(boot) ?? []) {
      if (await this.#directory.reap(room, peerId, { node, boot }, 'nodeLost').catch(() => false)) this.#onReaped();
    }
  }
}
