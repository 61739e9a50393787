import { expect, test } from 'vitest';
import { Subscriptions } from '../../../../packages/shared/src/bus/subscriptions.ts';
import { chosenSeed, seeded } from '../../../../packages/shared/testing/index.ts';

const names = ['a', 'b', 'c', 'd'];

/** A server that answers what was asked of it, some time later, unless the connection is lost first. */
class Server {
  readonly hears = new Set<string>();
  asked: { channel: string; heard: boolean }[] = [];

  ask(subscriptions: Subscriptions): void {
    const { subscribe, unsubscribe } = subscriptions.take(10);
    this.asked = [
      ...subscribe.map((channel) => ({ channel, heard: true })),
      ...unsubscribe.map((channel) => ({ channel, heard: false })),
    ];
  }

  answer(subscriptions: Subscriptions, refuses: boolean): void {
    for (const { channel, heard } of this.asked) {
      if (refuses) subscriptions.failed(channel);
      else if (heard) this.hears.add(channel);
      else this.hears.delete(channel);
      if (!refuses) subscriptions.record(channel, heard);
    }
    this.asked = [];
  }

  lose(subscriptions: Subscriptions): void {
    this.hears.clear();
    this.asked = [];
    subscriptions.lose();
  }
}

test('[BU5] [BU8] whatever happens in whatever order, what is wanted is heard in the end', () => {
  const seed = chosenSeed();
  const random = seeded(seed);
  for (let round = 0; round < 300; round++) {
    const [subscriptions, server, wanted] = [new Subscriptions(), new Server(), new Set<string>()];
    for (let step = 0; step < 40; step++) {
      const channel = random.pick(names);
      const what = random.int(5);
      if (what === 0) subscriptions.want(channel);
      if (what === 0) wanted.add(channel);
      if (what === 1) subscriptions.unwant(channel);
      if (what === 1) wanted.delete(channel);
      if (what === 2 && server.asked.length === 0) server.ask(subscriptions);
      if (what === 3) server.answer(subscriptions, random.chance(0.2));
      if (what === 4 && random.chance(0.2)) server.lose(subscriptions);
      // Never says that it hears what it does not.
      const imagined = names.filter((name) => subscriptions.hears(name) && !server.hears.has(name));
      if (imagined.length > 0) throw new Error(`With seed ${seed}, ${imagined.join()} is not heard.`);
    }
    server.answer(subscriptions, false);
    server.ask(subscriptions);
    server.answer(subscriptions, false);
    expect(subscriptions.complete, `seed ${seed}`).toBe(true);
    expect(server.hears, `seed ${seed}`).toEqual(wanted);
    for (const name of names) expect(subscriptions.hears(name), `seed ${seed}`).toBe(wanted.has(name));
  }
});
