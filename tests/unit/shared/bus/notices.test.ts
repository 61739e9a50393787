import { nodeOperations, type ServedOperation } from '@sluice/shared';
import { settle } from '@sluice/shared/testing';
import { expect, it, vi } from 'vitest';
import * as z from 'zod';
import { Exchange } from '../../../support/raw/exchange.ts';

const params = { room: 'r', peerId: 'p', sessionId: 's', payload: 'hello' } as never;

async function twoParties(operations: Record<string, ServedOperation> = {}) {
  const exchange = new Exchange();
  const heard: unknown[] = [];
  const notices = { news: { body: z.any(), handle: (body: never) => void heard.push(body) } };
  const listener = await exchange.party('listener', {}, notices);
  const teller = await exchange.party('teller', operations);
  const published = vi.spyOn(teller.bus, 'publish');
  const messages = () => published.mock.calls.filter(([channel]) => channel === listener.address).length;
  return { listener, teller, heard, messages };
}

it('[NO54] what a process is told in one turn travels in one message, in order', async () => {
  const { listener, teller, heard, messages } = await twoParties();
  for (let number = 0; number < 100; number++) teller.endpoint.notify(listener.address, 'news', { number });
  await settle();
  expect(heard).toEqual(Array.from({ length: 100 }, (_, number) => ({ number })));
  expect(messages()).toBe(1);
  teller.endpoint.notify(listener.address, 'news', 'later');
  await settle();
  expect(messages()).toBe(2);
});

it('[NO54] very many are several messages, none of them huge', async () => {
  const { listener, teller, heard, messages } = await twoParties();
  for (let number = 0; number < 1000; number++) teller.endpoint.notify(listener.address, 'news', number);
  await settle();
  expect(heard).toEqual(Array.from({ length: 1000 }, (_, number) => number));
  expect(messages()).toBe(4);
});

it('[NO54] a notice comes before the reply of the operation that caused it', async () => {
  const { listener, teller, heard } = await twoParties({
    sendMessage: {
      params: nodeOperations.sendMessage,
      run: async () => {
        teller.endpoint.notify(listener.address, 'news', 'first');
        return { seq: 1 };
      },
    },
  });
  const order: unknown[] = [];
  await listener.endpoint.call(teller.address, 'sendMessage', params, { ttlMs: 2000 });
  order.push(...heard, 'reply');
  expect(order).toEqual(['first', 'reply']);
});

it('[NO54] what is told last is sent before the process goes', async () => {
  const { listener, teller, heard } = await twoParties();
  teller.endpoint.notify(listener.address, 'news', 'goodbye');
  await teller.endpoint.close();
  await settle();
  expect(heard).toEqual(['goodbye']);
});

it('[BU18] what a caller does with an answer comes before what came behind the answer in the same turn', async () => {
  const { listener, teller, heard } = await twoParties();
  const order: unknown[] = [];
  heard.push = (...bodies) => order.push(...bodies);
  await teller.bus.subscribe('node:raw', (text) => {
    const { id, from } = JSON.parse(text) as { id: string; from: string };
    const say = (message: object) => void teller.bus.publish(from, JSON.stringify(message));
    say({ type: 'reply', id, result: { seq: 1 } });
    for (const body of ['one', 'two']) say({ type: 'notices', notices: [{ topic: 'news', body }] });
  });
  const caller = async () => {
    await listener.endpoint.call('node:raw', 'sendMessage', params, { ttlMs: 2000 });
    // A caller's own callers go on some turns of the promises later.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    order.push('answered');
  };
  await caller();
  await settle();
  expect(order).toEqual(['answered', 'one', 'two']);
});
