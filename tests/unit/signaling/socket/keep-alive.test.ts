import { expect, test } from 'vitest';
import { KeepAlive } from '../../../../apps/signaling/src/socket/keep-alive.ts';
import { ManualClock } from '@sluice/shared/testing';

class Connection {
  heardAt: number;
  pings = 0;
  deaths = 0;
  readonly #keepAlive: KeepAlive;

  constructor(heardAt: number, keepAlive: KeepAlive) {
    this.heardAt = heardAt;
    this.#keepAlive = keepAlive;
    keepAlive.add(this);
  }

  ping(): void {
    this.pings++;
  }

  dead(): void {
    this.deaths++;
    this.#keepAlive.remove(this);
  }
}

test('[GW23] each connection is pinged every two seconds, not all in the same turn', async () => {
  const clock = new ManualClock();
  const keepAlive = new KeepAlive(clock);
  keepAlive.start();
  const connections = Array.from({ length: 80 }, () => new Connection(Number.POSITIVE_INFINITY, keepAlive));
  await clock.advance(250);
  expect(connections.reduce((sum, { pings }) => sum + pings, 0)).toBe(10);
  await clock.advance(10_000 - 250);
  expect(connections.map(({ pings }) => pings)).toEqual(connections.map(() => 5));
  keepAlive.stop();
  await clock.advance(10_000);
  expect(connections[0]?.pings).toBe(5);
});

test('[GW23] a connection that was not heard for six seconds is dead, once, and within eight', async () => {
  const clock = new ManualClock();
  const keepAlive = new KeepAlive(clock);
  keepAlive.start();
  const silent = Array.from({ length: 8 }, () => new Connection(clock.now(), keepAlive));
  const talking = new Connection(clock.now(), keepAlive);
  for (let passed = 0; passed < 20_000; passed += 250) {
    if (passed === 5750) expect(silent.every(({ deaths }) => deaths === 0)).toBe(true);
    if (passed === 8000) expect(silent.every(({ deaths }) => deaths === 1)).toBe(true);
    talking.heardAt = clock.now();
    await clock.advance(250);
  }
  expect(silent.every(({ deaths, pings }) => deaths === 1 && pings <= 3)).toBe(true);
  expect(talking.deaths).toBe(0);
});
