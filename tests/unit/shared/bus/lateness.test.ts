import { expect, it } from 'vitest';
import { Lateness } from '../../../../packages/shared/src/bus/rpc/lateness.ts';

/** A sender whose clock is far from ours, and its messages, each so many ms on the way. */
function sender(lateness: Lateness, name = 'a', clockApartMs = 1e7) {
  return (sentAt: number, onTheWay: number): number => lateness.of(name, sentAt + clockApartMs, sentAt + onTheWay);
}

it('[BU17] how late a message is shows beside the fastest of its sender, whatever the clocks say', () => {
  const send = sender(new Lateness());
  expect([send(0, 5), send(100, 2), send(200, 9), send(300, 5002)]).toEqual([0, 0, 7, 5000]);
});

it('[BU17] what was held up comes all at once, and each is as late as it is', () => {
  const send = sender(new Lateness());
  send(0, 1);
  expect([send(1000, 9001), send(4000, 6001), send(8000, 2001), send(10_000, 1)]).toEqual([9000, 6000, 2000, 0]);
});

it('[BU17] a sender whose own clock stood still is late once, and then no more', () => {
  const lateness = new Lateness();
  const send = sender(lateness);
  send(0, 1);
  const after = sender(lateness, 'a', 1e7 - 30_000);
  expect([after(40_000, 1), after(41_000, 3), after(42_000, 1)]).toEqual([30_000, 0, 0]);
});

it('[BU17] clocks that drift apart make nobody late', () => {
  const lateness = new Lateness();
  let worst = 0;
  // 100 ppm for an hour.
  for (let at = 0; at < 3_600_000; at += 500) worst = Math.max(worst, lateness.of('a', at, at * 1.0001 + 1));
  expect(worst).toBeLessThan(20);
});

it('[BU17] more senders than are remembered begin anew, and take nothing along', () => {
  const lateness = new Lateness();
  lateness.of('first', 0, 0);
  for (let count = 0; count < 5000; count++) lateness.of(`s${count}`, 0, 0);
  expect(lateness.of('first', 0, 9000)).toBe(0);
});

it('[BU17] what was overtaken stays late, however steadily it comes', () => {
  const send = sender(new Lateness());
  for (let at = 0; at <= 4000; at += 1000) send(at, 1);
  expect([send(1000, 5000), send(2000, 5000), send(3000, 5000), send(4000, 5000)]).toEqual([4999, 4999, 4999, 4999]);
});
