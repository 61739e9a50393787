import { Beats, type RegistryEvent } from '@sluice/shared';
import { expect, test } from 'vitest';
import { Neighbourhood, type Process } from '../../../support/clusters/neighbourhood.ts';

/** Two nodes, the first of which sends beats to the second. */
async function couple() {
  const them = new Neighbourhood();
  const [a, b] = [await them.node('a'), await them.node('b')];
  const address = 'node:b:b-boot';
  const inbox = await b.bus.subscribe(address, () => undefined);
  const beats = new Beats({
    bus: a.bus,
    clock: a.clock,
    targets: () => [address],
    onSilent: (silent, heardAt) => a.registry.lose(silent, heardAt),
  });
  beats.start();
  await them.pass(1000);
  return { them, a, b, inbox };
}

const losses = ({ heard }: Process) =>
  heard.filter((event): event is Extract<RegistryEvent, { type: 'lost' }> => event.type === 'lost');

test('[CL9] a killed process is lost by two beats that nobody heard, the second soon after the first', async () => {
  const { them, a, b, inbox } = await couple();
  await inbox.unsubscribe();
  b.bus.set({ cut: 'both' });
  await them.pass(600);
  expect(losses(a)).toMatchObject([{ means: 'unheard', report: { id: 'b' }, silentMs: 200 }]);
});

test('[CL9] a silent process whose inbox stands is lost by its lease, counted from its last heartbeat', async () => {
  const { them, a, b } = await couple();
  b.bus.set({ cut: 'both' });
  await them.pass(3000);
  const [loss, ...more] = losses(a);
  expect(more).toEqual([]);
  expect(loss).toMatchObject({ means: 'lease', report: { id: 'b' } });
  expect(loss?.silentMs).toBeGreaterThan(2000);
  expect(loss?.silentMs).toBeLessThanOrEqual(2500);
});

test('[CL9] a beat that somebody heard starts the count anew', async () => {
  const { them, a, b, inbox } = await couple();
  await inbox.unsubscribe();
  await them.pass(100);
  const again = await b.bus.subscribe('node:b:b-boot', () => undefined);
  await them.pass(300);
  await again.unsubscribe();
  await them.pass(100);
  expect(losses(a)).toEqual([]);
});

test('[CL9] who depends on many sends each of them fewer beats: two hundred a second in all', async () => {
  const them = new Neighbourhood();
  const { bus, clock } = await them.node('a');
  const addresses = Array.from({ length: 100 }, (_, at) => `node:${at}:boot`);
  let heard = 0;
  for (const address of addresses) await bus.subscribe(address, () => heard++);
  const beats = new Beats({ bus, clock, targets: () => addresses, onSilent: () => undefined });
  beats.start();
  await them.pass(1000);
  const before = heard;
  await them.pass(5000);
  beats.stop();
  expect(heard - before).toBe(1000);
});
