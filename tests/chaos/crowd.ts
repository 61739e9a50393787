import { joinRoom, type Room } from '@sluice/client';
import { eventually } from '@sluice/shared/testing';
import type { Stage } from './stage.ts';

/** How many join in the same moment. */
const atOnce = 10;

/** Members of one room that publish nothing and consume nothing: they show the costs of a large room. */
export class Crowd {
  readonly room: string;
  readonly #rooms: Room[] = [];
  readonly #ended: string[] = [];
  #reconnects = 0;

  private constructor(room: string) {
    this.room = room;
  }

  /** Spread over all gateways, and over all nodes as the cluster places them. */
  static async seat(stage: Stage, room: string, size: number): Promise<Crowd> {
    const crowd = new Crowd(room);
    for (let count = 0; count < size; count += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, size - count) }, (_, at) => crowd.#join(stage, count + at));
      await Promise.all(some);
    }
    return crowd;
  }

  get size(): number {
    return this.#rooms.length;
  }

  get peerIds(): string[] {
    return this.#rooms.map(({ peerId }) => peerId);
  }

  /** How often a member lost its connection and came back. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** The faults of the crowd, in words. */
  missing(): string[] {
    const blind = this.#rooms.filter(({ peers }) => peers.size !== this.size - 1).length;
    return [
      ...this.#ended.map((reason) => `a silent member is out (${reason})`),
      ...(blind === 0 ? [] : [`${blind} of ${this.size} silent members do not know all others`]),
    ];
  }

  /** Resolves when all are there and know each other; rejects with the faults. */
  async whole(withinMs: number): Promise<void> {
    await eventually('the silent members', () => this.missing().length === 0, { withinMs, everyMs: 50 }).catch(() => {
      throw new Error(`${this.missing().join(', ')}.`);
    });
  }

  async leave(): Promise<void> {
    await Promise.all(this.#rooms.map((room) => room.leave()));
  }

  async #join(stage: Stage, at: number): Promise<void> {
    const room = await joinRoom({
      url: stage.socketsFrom(at % stage.gateways.length),
      room: this.room,
      name: `Member ${at + 1}`,
      autoSubscribe: false,
      resumeWindowMs: 90_000,
    });
    this.#rooms.push(room);
    room.on('reconnected', () => this.#reconnects++);
    room.on('closed', ({ reason }) => {
      if (reason !== 'left') this.#ended.push(reason);
    });
  }
}
