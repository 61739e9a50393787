import { setTimeout as wait } from 'node:timers/promises';
import { seeded } from '@sluice/shared/testing';
import { Audit, mayDifferMs } from './audit/audit.ts';
import type { Lasting } from './audit/ledger.ts';
import { Company, type Seat } from './company.ts';
import { Crowd } from './crowd.ts';
import type { Fault, Scene } from './fault.ts';
import { type Expected, untilRight, wrongForNewcomer, wrongInRedis } from './newcomer.ts';
import type { Stage } from './stage.ts';

/** How long one person's media stood still at another, in ms, and how many of its packets never came. */
export interface Standstill {
  way: string;
  ms: number;
  lost: number;
}

export interface Outcome {
  id: string;
  seed: number;
  /** Empty where all was as it should be. */
  problems: string[];
  /** Of the people whom the fault touches. */
  touched: Standstill[];
  /** Of a room that has nothing to do with it. */
  untouched: Standstill[];
  /** Connections that people of that room lost. */
  reconnects: number;
  /** From the fault until a client was told of it: a move, or a lost connection. */
  noticedMs: number | undefined;
  /** The longest difference between Redis, nodes and gateways. */
  differed: Lasting;
  /** How long the run was watched after it had recovered, in ms; 0 where it was not watched. */
  observedMs: number;
  /** The longest that any media stood still in that time. */
  laterStandstillMs: number;
  leaks: string[];
  figures: Record<string, number>;
}

const rooms = ['touched', 'untouched', 'silent'] as const;
const [touchedRoom, untouchedRoom, silentRoom] = rooms;
const seats: readonly Seat[] = [
  { name: 'Ada', room: touchedRoom, node: 0, gateway: 0, byFront: true },
  { name: 'Bob', room: touchedRoom, node: 1, gateway: 1 },
  { name: 'Dan', room: touchedRoom, node: 2, gateway: 1 },
  { name: 'Eve', room: untouchedRoom, node: 1, gateway: 1 },
  { name: 'Fay', room: untouchedRoom, node: 2, gateway: 1 },
  { name: 'Gus', room: untouchedRoom, node: 2, gateway: 1 },
];
const silentMembers = 50;
const recoverWithinMs = 20_000;
/**
 * Media that stands still for longer than this, in ms, while nothing happens, is lost. A machine with other work may hold it
 * up for seconds, so shorter ones are only written down.
 */
const calmStandstillMs = 10_000;

/** One fault, done once to people in the middle of a call, and its effects on them. */
export class Trial {
  readonly outcome: Outcome;
  readonly #stage: Stage;
  readonly #fault: Fault;
  #company: Company | undefined;
  #crowd: Crowd | undefined;
  #audit: Audit | undefined;

  constructor(stage: Stage, fault: Fault, seed: number) {
    this.#stage = stage;
    this.#fault = fault;
    this.outcome = {
      id: fault.id,
      seed,
      problems: [],
      touched: [],
      untouched: [],
      reconnects: 0,
      noticedMs: undefined,
      differed: { text: '', ms: 0 },
      observedMs: 0,
      laterStandstillMs: 0,
      leaks: [],
      figures: {},
    };
  }

  /** Seats people, does the fault, and waits for the recovery. Errors become part of the outcome. */
  async run(): Promise<void> {
    await this.#noting('', async () => {
      const own = (room: string): string => this.#own(room);
      const company = await Company.seat(
        this.#stage,
        seats.map((seat) => ({ ...seat, room: own(seat.room) })),
      );
      this.#company = company;
      this.#crowd = await Crowd.seat(this.#stage, own(silentRoom), silentMembers);
      this.#audit = new Audit(this.#stage, rooms.map(own));
      await this.#hurt(company);
      await this.#judge(company);
    });
    await this.#noting('', () => this.#stage.heal());
  }

  /** Waits for so long. Afterwards every peer must be there, and see and hear all others of its room. */
  async observe(forMs: number): Promise<void> {
    const company = this.#company;
    if (!company || this.outcome.problems.length > 0) return;
    company.reset();
    const began = performance.now();
    await this.#noting('after a while: ', async () => {
      while (performance.now() - began < forMs && company.people.every(({ end }) => !end)) await wait(250);
      this.outcome.laterStandstillMs = Math.max(...company.ways().map(({ reception }) => reception.longestGapMs));
      if (this.outcome.laterStandstillMs > calmStandstillMs) {
        throw new Error(`media stood still for ${Math.round(this.outcome.laterStandstillMs)} ms`);
      }
      const lost = company.people.filter(({ downtimesMs }) => downtimesMs.length > 0).map(({ name }) => name);
      if (lost.length > 0) throw new Error(`${lost.join(', ')} lost the connection`);
      await company.flows(recoverWithinMs);
      await this.#judge(company);
    });
    this.outcome.observedMs = Math.round(performance.now() - began);
  }

  /** Takes all peers out of their rooms. */
  async end(): Promise<void> {
    const audit = this.#audit;
    await this.#noting('', async () => {
      await Promise.all([this.#company?.leave(), this.#crowd?.leave()]);
    });
    if (!audit) return;
    await audit[Symbol.asyncDispose]();
    this.outcome.differed = audit.longest;
    const { text, ms } = audit.longest;
    if (ms > mayDifferMs) this.outcome.problems.push(`for ${Math.round(ms)} ms: ${text}`);
    if (audit.samples === 0) this.outcome.problems.push('nothing was ever compared');
  }

  async #hurt(company: Company): Promise<void> {
    const fault = this.#fault;
    const scene = this.#scene(company);
    company.reset();
    const began = performance.now();
    const stopWatching = watch(scene, () => {
      this.outcome.noticedMs ??= performance.now() - began;
    });
    try {
      await fault.act(scene);
      await company.flows(fault.recoverWithinMs ?? recoverWithinMs);
    } finally {
      stopWatching();
      this.#measure(company);
    }
  }

  /** The checks after the recovery. */
  async #judge(company: Company): Promise<void> {
    for (const wrong of await company.chat()) this.outcome.problems.push(wrong);
    await this.#crowd?.whole(mayDifferMs);
    await this.#audit?.agrees(mayDifferMs);
    for (const room of rooms) {
      const expected = this.#expected(room);
      const { directory } = this.#audit ?? {};
      if (directory) await untilRight(() => wrongInRedis(directory, this.#own(room), expected), mayDifferMs);
      await untilRight(() => wrongForNewcomer(this.#stage, this.#own(room), expected), mayDifferMs);
    }
  }

  /** Each run has rooms of its own: nothing of the one before is mistaken for this one's. */
  #own(room: string): string {
    return `${room}-${this.outcome.id}-${this.outcome.seed}`;
  }

  #expected(room: string): Expected {
    if (room === silentRoom) return new Map((this.#crowd?.peerIds ?? []).map((peerId) => [peerId, 0]));
    const people = this.#company?.in(this.#own(room)) ?? [];
    return new Map(people.map(({ peerId, publishes }) => [peerId, publishes.length]));
  }

  #scene(company: Company): Scene {
    const [node, gateway] = [this.#stage.nodes[0], this.#stage.gateways[0]];
    if (!node || !gateway || !this.#audit) throw new Error('A stage has nodes and gateways.');
    return {
      stage: this.#stage,
      company,
      directory: this.#audit.directory,
      ada: company.get('Ada'),
      bob: company.get('Bob'),
      expected: () => this.#expected(touchedRoom),
      node,
      gateway,
      random: seeded(this.outcome.seed).next,
      note: (name, value) => void (this.outcome.figures[name] = Math.round(value)),
      problem: (text) => void this.outcome.problems.push(text),
    };
  }

  #measure(company: Company): void {
    const { outcome } = this;
    const { allTouched = false, touchesMedia } = this.#fault;
    for (const { from, to, kind, reception } of company.ways()) {
      const ofUntouched = !allTouched && company.get(to).room.id.startsWith(untouchedRoom);
      const still = { way: `${from} → ${to}, ${kind}`, ms: Math.round(reception.longestGapMs), lost: reception.lost };
      (ofUntouched ? outcome.untouched : outcome.touched).push(still);
      if ((ofUntouched || !touchesMedia) && still.lost > 0) {
        outcome.problems.push(`${still.lost} packets lost: ${still.way}`);
      }
    }
    if (allTouched) return;
    for (const { downtimesMs } of company.in(this.#own(untouchedRoom))) outcome.reconnects += downtimesMs.length;
  }

  async #noting(when: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.outcome.problems.push(`${when}${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** Tells when a client learns of anything: its media has another place, or its connection is lost. */
function watch({ ada, bob }: Scene, onNotice: () => void): () => void {
  const { node } = ada.room;
  const timer = setInterval(() => ada.room.node !== node && onNotice(), 5);
  const offs = [ada, bob].map(({ room }) => room.on('reconnecting', onNotice));
  return () => {
    clearInterval(timer);
    offs.forEach((off) => off());
  };
}
