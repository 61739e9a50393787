import { eventually } from '@sluice/shared/testing';
import type { Network } from '../support/native/network.ts';
import { Person } from '../support/native/person.ts';
import type { Reception } from '../support/native/reception.ts';
import type { Kind } from '../support/native/rtp.ts';
import type { Stage } from './stage.ts';

export interface Seat {
  name: string;
  room: string;
  /** By index. */
  node: number;
  gateway: number;
  /** By the stage's way to the gateways, which can be cut. */
  byFront?: boolean;
  publishes?: readonly Kind[];
  /** The network for its media, where that may be cut. */
  network?: Network;
}

/** One person's media at another: who, of whom. */
export interface Way {
  from: string;
  to: string;
  kind: Kind;
  reception: Reception;
}

const kinds = ['audio', 'video'] as const;
/** Media flows steadily once it has flowed for this long. */
const steadyMs = 600;

/** People in rooms, and the media that they receive of each other. */
export class Company {
  readonly people: Person[] = [];
  readonly #stage: Stage;

  private constructor(stage: Stage) {
    this.#stage = stage;
  }

  static async seat(stage: Stage, seats: readonly Seat[]): Promise<Company> {
    const company = new Company(stage);
    try {
      await company.seat(seats);
      return company;
    } catch (error) {
      await company.leave();
      throw error;
    }
  }

  /** Seats more people. Resolves when each sees all others of the room. */
  async seat(seats: readonly Seat[]): Promise<void> {
    for (const seat of seats) this.people.push(await sit(this.#stage, seat));
    await this.flows(15_000);
  }

  get(name: string): Person {
    const person = this.people.find((one) => one.name === name);
    if (!person) throw new Error(`${name} is not here.`);
    return person;
  }

  in(room: string): Person[] {
    return this.people.filter((person) => person.room.id === room);
  }

  /** All ways of media that should flow. */
  ways(): Way[] {
    return this.people.flatMap((to) =>
      this.in(to.room.id)
        .filter((from) => from !== to)
        .flatMap((from) =>
          kinds.flatMap((kind) => {
            const reception = to.from(from, kind);
            return reception ? [{ from: from.name, to: to.name, kind, reception }] : [];
          }),
        ),
    );
  }

  reset(): void {
    for (const { reception } of this.ways()) reception.reset();
    for (const person of this.people) person.downtimesMs.length = 0;
  }

  /** Waits until each person has received all media of all others of the room for a moment. */
  async flows(withinMs: number): Promise<void> {
    let since: number | undefined;
    const ask = (): boolean => {
      const missing = this.missing();
      if (missing.length > 0) since = undefined;
      else since ??= performance.now();
      return since !== undefined && performance.now() - since >= steadyMs;
    };
    await eventually('all media to flow', ask, { withinMs }).catch(async () => {
      const missing = this.missing();
      throw new Error([`Not all media flows: ${missing.join(', ')}.`, ...(await this.#figures())].join('\n      '));
    });
  }

  /** What the clients and their nodes say of the media that is missing. */
  async #figures(): Promise<string[]> {
    const absent = this.people.flatMap((to) =>
      this.in(to.room.id).flatMap((from) =>
        from.publishes.filter((kind) => from !== to && !to.from(from, kind)?.flows).map((kind) => ({ to, from, kind })),
      ),
    );
    return Promise.all(
      absent.slice(0, 8).map(async ({ to, from, kind }) => {
        const name = `${to.name} ← ${from.name}, ${kind}:`;
        const subscription = [...to.room.subscriptions.values()].find(
          (one) => one.peerId === from.peerId && one.kind === kind,
        );
        if (!subscription) return `${name} not subscribed`;
        const { consumerId, producerId, path, stands, awaitsSuccessor } = subscription;
        const stats = await to.room.getStats({ consumerId }).catch(String);
        return `${name} ${to.errors.join('; ')} ${JSON.stringify({ consumerId, producerId, path, stands, awaitsSuccessor, stats })}`;
      }),
    );
  }

  /** The peers and the media that should be there and are not, in words. */
  missing(): string[] {
    const found: string[] = [];
    for (const to of this.people) {
      if (to.end) found.push(`${to.name} is out (${to.end.reason})`);
      for (const from of this.in(to.room.id)) {
        if (from === to || from.end) continue;
        if (!to.room.peers.has(from.peerId)) found.push(`${to.name} does not know ${from.name}`);
        for (const kind of from.publishes) {
          if (!to.from(from, kind)?.flows) found.push(`${to.name} gets no ${kind} of ${from.name}`);
        }
      }
    }
    return found;
  }

  /** Each person sends messages, which each of the room must get once and in order. Returns the faults. */
  async chat(lines = 3, withinMs = 5000): Promise<string[]> {
    const token = Math.random().toString(36).slice(2);
    for (const person of this.people) {
      for (let line = 0; line < lines; line++) await person.room.sendMessage({ token, line });
    }
    const heardBy = (to: Person, from: Person): number[] =>
      to.messages
        .filter((message) => message.from === from.peerId && isOf(token, message.payload))
        .map(({ payload }) => (payload as { line: number }).line);
    const wrong = (): string[] =>
      this.people.flatMap((to) =>
        this.in(to.room.id)
          .filter((from) => heardBy(to, from).join() !== Array.from({ length: lines }, (_, line) => line).join())
          .map((from) => `${to.name} heard [${heardBy(to, from).join()}] of ${from.name}`),
      );
    await eventually('everything to be heard', () => wrong().length === 0, { withinMs }).catch(() => undefined);
    return wrong();
  }

  async leave(): Promise<void> {
    await Promise.all(this.people.map((person) => person.leave()));
  }
}

/** A node that has just started is not known to all processes at once. */
async function sit(stage: Stage, { name, room, node, gateway, byFront = false, ...media }: Seat): Promise<Person> {
  const options = {
    url: stage.socketsFrom(gateway, { byFront }),
    room,
    name,
    node: `node-${node + 1}`,
    resumeWindowMs: 90_000,
  };
  return eventually(`${name} to be in`, () => Person.join({ ...options, ...media }), {
    withinMs: 15_000,
    everyMs: 100,
  });
}

const isOf = (token: string, payload: unknown): boolean =>
  typeof payload === 'object' && payload !== null && 'token' in payload && payload.token === token;
