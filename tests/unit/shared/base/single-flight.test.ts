import { SingleFlight } from '@sluice/shared';
import { expect, it } from 'vitest';

it('[NO21] a thing is made once, however many ask at the same time, and later', async () => {
  const flight = new SingleFlight<string, object>();
  let made = 0;
  const make = async () => ({ number: ++made });
  const [one, other] = await Promise.all([flight.get('a', make), flight.get('a', make)]);
  expect(one).toBe(other);
  expect(await flight.get('a', make)).toBe(one);
  expect(await flight.get('b', make)).not.toBe(one);
  expect(made).toBe(2);
});

it('[NO21] a failure reaches everyone who asked, and is forgotten: the next asker tries', async () => {
  const flight = new SingleFlight<string, string>();
  const gate = Promise.withResolvers<string>();
  const asked = [flight.get('a', () => gate.promise), flight.get('a', () => Promise.resolve('never'))];
  gate.reject(new Error('not this time'));
  for (const one of asked) await expect(one).rejects.toThrow('not this time');
  expect(flight.size).toBe(0);
  await expect(flight.get('a', () => Promise.resolve('now'))).resolves.toBe('now');
});

it('[NO21] forgetting an earlier promise leaves a later one alone', async () => {
  const flight = new SingleFlight<string, string>();
  const earlier = flight.get('a', () => Promise.resolve('earlier'));
  flight.forget('a');
  const later = flight.get('a', () => Promise.resolve('later'));
  flight.forget('a', earlier);
  expect(flight.peek('a')).toBe(later);
  flight.forget('a', later);
  expect(flight.peek('a')).toBeUndefined();
  await Promise.all([earlier, later]);
});
