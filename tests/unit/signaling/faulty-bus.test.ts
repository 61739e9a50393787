import { FaultyBus, ManualClock, seeded } from '@sluice/shared/testing';
import { channels } from '@sluice/shared';
import { expect, test } from 'vitest';
import { eventually } from './support/eventually.ts';
import { demo, type JoinedSocket, World } from './support/world.ts';

const roomChannel = channels.room(demo);
const faults = {
  lost: 0.2,
  doubled: 0.2,
  lateMs: [0, 40],
  reorder: true,
  on: (channel: string) => channel === roomChannel,
} as const;

/** Numbers that a session should have: from its reply on, without a gap, each once. */
function expectWhole(socket: JoinedSocket, until?: number): void {
  const seqs = socket.events.map(({ seq }) => seq as number);
  const last = until ?? seqs.at(-1) ?? socket.joined.seq;
  expect(seqs).toEqual(Array.from({ length: last - socket.joined.seq }, (_, at) => socket.joined.seq + 1 + at));
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`[GW3] whatever the bus loses, doubles, delays and reorders, each session has the whole story (seed ${seed})`, async () => {
    const clock = new ManualClock();
    await using world = new World(clock);
    await world.addNode('node-1');
    for (const offset of [0, 100]) {
      await world.addGateway(
        { ACTION_BURST: '10000' },
        (bus) => new FaultyBus(bus, { seed: seed + offset, clock, faults }),
      );
    }
    const random = seeded(seed);
    const here: JoinedSocket[] = [];
    const gone: JoinedSocket[] = [];
    const join = async (): Promise<void> => {
      const gateway = random.chance(0.5) ? world.gateways[0] : world.gateways[1];
      const joining = gateway?.join();
      await clock.advance(100);
      if (joining) here.push(await joining);
    };
    await join();
    for (let step = 0; step < 120; step++) {
      const socket = here[Math.floor(random.next() * here.length)];
      if (!socket || random.chance(0.2)) await join();
      else if (random.chance(0.1) && here.length > 1) {
        socket.disconnect();
        gone.push(...here.splice(here.indexOf(socket), 1));
      } else socket.say({ action: 'sendMessage', payload: step });
      if (random.chance(0.3)) await clock.advance(10);
    }
    // A message that was lost and that nothing followed is found by the look that each feed takes now and then.
    await clock.advance(15_000);
    const { seq } = (await eventually(() => world.directory.snapshot(demo))) as { seq: number };
    for (const socket of here) expectWhole(socket, seq);
    for (const socket of gone) expectWhole(socket);
    expect(here.length + gone.length).toBeGreaterThan(10);
  });
}
