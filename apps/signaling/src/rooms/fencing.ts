import type { BootId, Bus, Clock, Directory, Logger, Registry, Timer } from '@sluice/shared';
import { BoundedWork, channels, SluiceError } from '@sluice/shared';
import type { Owner } from './followed-room.ts';
import type { FollowedRooms } from './followed-rooms.ts';

/** How many rooms are fenced at a time. More is sooner done, and more at once for Redis. */
const roomsAtOnce = 64;

/** More often finds the dead sooner and costs a look at the owners in every room that is followed here. */
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
  readonly #fences: BoundedWork<Owner>;
  readonly #reaps: BoundedWork<Owner>;
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
    /** Each time that no fencing is under way any more. */
    onDone?(): void;
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
    this.#fences = this.#workOf(
      (owner) => this.#fence(owner),
      () => options.onDone?.(),
    );
    this.#reaps = this.#workOf((owner) => this.#reap(owner));
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => this.sweep(), sweepEveryMs);
    // A gateway that was away may have heard no heartbeat: all absences count anew.
    this.#unwatch = this.#bus.onChange(() => this.#absentSince.clear());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#unwatch?.();
    this.#fences.clear();
    this.#reaps.clear();
  }

  /** Fences in every room here what the registry has called dead, or has not known of for long enough. */
  sweep(): void {
    if (!this.#mayJudge()) return this.#absentSince.clear();
    const absent = [...this.#owners()].filter((owner) => this.#isAbsent(owner));
    this.#note(absent);
    this.#fences.add(absent.filter((owner) => this.#isOverdue(owner, this.#absentForMs)));
    this.#reaps.add(absent.filter((owner) => this.#isOverdue(owner, reapAfterMs)));
  }

  /** The registry has judged this one dead already: no more waiting. */
  lost(boot: BootId): void {
    this.#absentSince.set(boot, this.#clock.now() - this.#absentForMs);
    this.#fences.add([...this.#owners()].filter((owner) => owner.boot === boot));
  }

  #mayJudge(): boolean {
    return this.#bus.connected && this.#registry.judging;
  }

  #isAbsent({ node, boot }: Owner): boolean {
    return !this.#registry.pool.byAddress(channels.node(node, boot));
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

  /** It may have been heard again while it waited for its turn. */
  async #fence(owner: Owner): Promise<void> {
    if (!this.#bus.connected || !this.#isAbsent(owner)) return;
    const { room, node, boot } = owner;
    if (!(await this.#directory.fence(room, node, boot))) return;
    this.#onFenced();
    this.#log.warn({ room, node, boot }, 'A lost node was fenced.');
  }

  async #reap(owner: Owner): Promise<void> {
    const { room, node, boot } = owner;
    for (const peerId of this.#rooms.get(room)?.peersOn(boot) ?? []) {
      if (!this.#mayJudge() || !this.#isAbsent(owner)) return;
      if (await this.#directory.reap(room, peerId, { node, boot }, 'nodeLost')) this.#onReaped();
    }
  }

  #workOf(act: (owner: Owner) => Promise<void>, onIdle?: () => void): BoundedWork<Owner> {
    return new BoundedWork({
      atOnce: roomsAtOnce,
      act,
      keyOf: ({ room, boot }) => `${boot} ${room}`,
      // The next sweep comes here again.
      onError: (error, { room, node }) => {
        this.#log.debug({ room, node, code: SluiceError.from(error).code }, 'A lost node could not be fenced yet.');
      },
      ...(onIdle && { onIdle }),
    });
  }
}
