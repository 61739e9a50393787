import type { PeerId, RoomId, SessionId } from '@sluice/shared';
import { type CallContext, nodeOperations, type ServedOperation, SluiceError } from '@sluice/shared';
import { settle } from '@sluice/shared/testing';
import { describe, expect, it } from 'vitest';
import { Exchange, type Party, valueOf } from '../../../support/raw/exchange.ts';

const params = { room: 'r' as RoomId, peerId: 'p' as PeerId, sessionId: 's' as SessionId, payload: 'hello' };

function serving(run: (context: CallContext) => Promise<unknown>): Record<string, ServedOperation> {
  return { sendMessage: { params: nodeOperations.sendMessage, run: (_params, context) => run(context) } };
}

const ask = (asker: Party, { address }: { address: string }, ttlMs = 2000) =>
  asker.endpoint.call(address, 'sendMessage', params, { ttlMs });

/** How a call ended, and null while it has not. */
function watched(call: Promise<unknown>): { outcome: unknown } {
  const seen: { outcome: unknown } = { outcome: null };
  call.then(
    (result) => (seen.outcome = result),
    (error: unknown) => (seen.outcome = SluiceError.from(error).code),
  );
  return seen;
}

describe('one call', () => {
  it('[CL20] a call ends with its result, or with the error that was thrown there', async () => {
    const exchange = new Exchange();
    const asker = await exchange.party('asker');
    const good = await exchange.party(
      'good',
      serving(async () => ({ seq: 7 })),
    );
    const full = new SluiceError('roomFull', 'The room is full.', { details: { limit: 5 } });
    const bad = await exchange.party(
      'bad',
      serving(() => Promise.reject(full)),
    );
    await expect(ask(asker, good)).resolves.toEqual({ seq: 7 });
    await expect(ask(asker, bad)).rejects.toMatchObject({ code: 'roomFull', details: { limit: 5 } });
  });

  it('[CL20] a fault of ours is told as `internal`, without its text', async () => {
    const exchange = new Exchange();
    const asker = await exchange.party('asker');
    const broken = await exchange.party(
      'broken',
      serving(() => Promise.reject(new Error('secret path'))),
    );
    const error = await ask(asker, broken).then(
      () => undefined,
      (thrown: unknown) => SluiceError.from(thrown),
    );
    expect(error?.code).toBe('internal');
    expect(error?.message).not.toContain('secret');
  });

  it('[CL21] nobody hears the address: nodeUnavailable at once, and counted', async () => {
    const exchange = new Exchange();
    const asker = await exchange.party('asker');
    const call = watched(ask(asker, { address: 'node:gone:boot' }));
    await settle();
    expect(call.outcome).toBe('nodeUnavailable');
    expect(await valueOf(asker.metrics, 'sfu_bus_no_receiver_total', { target: 'node' })).toBe(1);
  });

  it('[CL21] the bus is away: coordinatorUnavailable at once', async () => {
    const exchange = new Exchange();
    const asker = await exchange.party('asker');
    const other = await exchange.party(
      'other',
      serving(async () => ({ seq: 1 })),
    );
    exchange.hub.setAway(true);
    const call = watched(ask(asker, other));
    await settle();
    expect(call.outcome).toBe('coordinatorUnavailable');
  });

  it('[CL22] unanswered, a call ends at its deadline and not before', async () => {
    const exchange = new Exchange();
    const asker = await exchange.party('asker');
    const slow = await exchange.party(
      'slow',
      serving(() => new Promise(() => undefined)),
    );
    const call = watched(ask(asker, slow));
    await exchange.clock.advance(1999);
    expect(call.outcome).toBeNull();
    await exchange.clock.advance(1);
    expect(call.outcome).toBe('deadlineExceeded');
  });

  it('[CL21] a call to a process that is lost ends at once, and others go on', async () => {
    const exchange = new Exchange();
    const asker = await exchange.party('asker');
    const never = serving(() => new Promise(() => undefined));
    const [lost, slow] = [await exchange.party('lost', never), await exchange.party('slow', never)];
    const calls = [watched(ask(asker, lost)), watched(ask(asker, slow))];
    await settle();
    asker.endpoint.abandon(lost.address);
    await settle();
    expect(calls.map(({ outcome }) => outcome)).toEqual(['nodeUnavailable', null]);
  });

  it('[CL22] a process that stops ends its calls', async () => {
    const exchange = new Exchange();
    const asker = await exchange.party('asker');
    const slow = await exchange.party(
      'slow',
      serving(() => new Promise(() => undefined)),
    );
    const call = watched(ask(asker, slow));
    await settle();
    await asker.endpoint.close();
    await settle();
    expect(call.outcome).toBe('nodeUnavailable');
  });

  it('[CL22] the receiver counts the deadline from when it heard, on its own clock', async () => {
    const exchange = new Exchange();
    let deadline = 0;
    const note = async (context: CallContext) => {
      deadline = context.deadline;
      return { seq: 1 };
    };
    const asker = await exchange.party('asker');
    const other = await exchange.party('other', serving(note));
    await exchange.clock.advance(500);
    await ask(asker, other, 1200);
    expect(deadline).toBe(1700);
  });
});

describe('retries', () => {
  it('[CL23] a lost request is sent again under the same id, and done once', async () => {
    const exchange = new Exchange();
    const ids: string[] = [];
    const note = async ({ id }: CallContext) => ({ seq: ids.push(id) });
    const asker = await exchange.party('asker');
    const other = await exchange.party('other', serving(note));
    other.bus.set({ lost: 1 });
    const call = watched(ask(asker, other));
    await exchange.clock.advance(500);
    other.bus.set({ lost: 0 });
    await exchange.clock.advance(700);
    expect(call.outcome).toEqual({ seq: 1 });
    expect(await valueOf(asker.metrics, 'sfu_bus_rpc_retries_total')).toBe(1);
  });

  it('[CL23] a lost reply is given again from memory: the operation is not done twice', async () => {
    const exchange = new Exchange();
    let done = 0;
    const asker = await exchange.party('asker');
    const other = await exchange.party(
      'other',
      serving(async () => ({ seq: ++done })),
    );
    asker.bus.set({ lost: 1 });
    const call = watched(ask(asker, other));
    await exchange.clock.advance(500);
    asker.bus.set({ lost: 0 });
    await exchange.clock.advance(700);
    expect(call.outcome).toEqual({ seq: 1 });
    expect(done).toBe(1);
    expect(await valueOf(other.metrics, 'sfu_bus_messages_dropped_total', { reason: 'repeated' })).toBe(1);
  });

  it('[CL23] a retry that comes while the operation runs waits for that one', async () => {
    const exchange = new Exchange();
    const gate = Promise.withResolvers<unknown>();
    let begun = 0;
    const asker = await exchange.party('asker');
    const other = await exchange.party(
      'other',
      serving(() => (begun++, gate.promise)),
    );
    const call = watched(ask(asker, other));
    await exchange.clock.advance(1300);
    expect(begun).toBe(1);
    gate.resolve({ seq: 9 });
    await settle();
    expect(call.outcome).toEqual({ seq: 9 });
  });

  it('[CL23] everything doubled: each call is still done once and ends once', async () => {
    const exchange = new Exchange();
    let done = 0;
    const asker = await exchange.party('asker');
    const other = await exchange.party(
      'other',
      serving(async () => ({ seq: ++done })),
    );
    for (const { bus } of [asker, other]) bus.set({ doubled: 1 });
    const results = await Promise.all(Array.from({ length: 100 }, () => ask(asker, other)));
    expect(new Set(results.map((result) => result.seq)).size).toBe(100);
    expect(done).toBe(100);
    expect(await valueOf(asker.metrics, 'sfu_bus_messages_dropped_total', { reason: 'lateReply' })).toBeGreaterThan(0);
  });

  it('[CL23] a reply that comes after the deadline is counted and dropped', async () => {
    const exchange = new Exchange();
    const gate = Promise.withResolvers<unknown>();
    const asker = await exchange.party('asker');
    const other = await exchange.party(
      'other',
      serving(() => gate.promise),
    );
    const call = watched(ask(asker, other));
    await exchange.clock.advance(2000);
    gate.resolve({ seq: 1 });
    await settle();
    expect(call.outcome).toBe('deadlineExceeded');
    expect(await valueOf(asker.metrics, 'sfu_bus_messages_dropped_total', { reason: 'lateReply' })).toBe(1);
  });

  it('[CL23] a request whose time is over is dropped unread', async () => {
    const exchange = new Exchange();
    let done = 0;
    const asker = await exchange.party('asker');
    const other = await exchange.party(
      'other',
      serving(async () => ({ seq: ++done })),
    );
    const spent = { type: 'request', id: 'x', operation: 'sendMessage', params, from: asker.address, ttlMs: 0 };
    await asker.bus.publish(other.address, JSON.stringify(spent));
    await settle();
    expect(done).toBe(0);
    expect(await valueOf(other.metrics, 'sfu_bus_messages_dropped_total', { reason: 'expired' })).toBe(1);
  });
});

describe('garbage', () => {
  const request = { type: 'request', id: 'x', operation: 'sendMessage', params, from: 'nobody', ttlMs: 100 };
  const garbage: [string, string][] = [
    ['random bytes', '\u0000\u0007\ufffd{]'],
    ['nothing', ''],
    ['a megabyte', 'x'.repeat(1_000_000)],
    ['a megabyte of brackets', '['.repeat(1_000_000)],
    ['no object', '"text"'],
    ['an envelope of another version', JSON.stringify({ ...request, type: 'requestV2' })],
    ['a type from the prototype', JSON.stringify({ ...request, type: '__proto__' })],
    ['only a prototype', `{"__proto__":${JSON.stringify(request)}}`],
    ['an id that is too long', JSON.stringify({ ...request, id: 'x'.repeat(65) })],
    ['a deadline in years', JSON.stringify({ ...request, ttlMs: 1e12 })],
    ['a notice that nobody handles', '{"type":"notices","notices":[{"topic":"constructor","body":{}}]}'],
  ];

  it.each(garbage)('[NO7] %s in the inbox is counted, and the next call is served', async (_what, text) => {
    const exchange = new Exchange();
    const asker = await exchange.party('asker');
    const other = await exchange.party(
      'other',
      serving(async () => ({ seq: 1 })),
    );
    await asker.bus.publish(other.address, text);
    await settle();
    expect(await valueOf(other.metrics, 'sfu_bus_messages_dropped_total', { reason: 'garbage' })).toBe(1);
    await expect(ask(asker, other)).resolves.toEqual({ seq: 1 });
  });

  it.each(['nonsense', '__proto__', 'constructor', 'toString'])(
    '[NO7] the operation %s is answered badRequest',
    async (operation) => {
      const exchange = new Exchange();
      const asker = await exchange.party('asker');
      const other = await exchange.party(
        'other',
        serving(async () => ({ seq: 1 })),
      );
      const call = asker.endpoint.call(other.address, operation as 'sendMessage', params, { ttlMs: 1000 });
      await expect(call).rejects.toMatchObject({ code: 'badRequest' });
    },
  );

  it('[NO7] parameters that do not fit are answered badRequest with their path', async () => {
    const exchange = new Exchange();
    const asker = await exchange.party('asker');
    const other = await exchange.party(
      'other',
      serving(async () => ({ seq: 1 })),
    );
    const wrong = { ...params, room: '{no}' as RoomId };
    const call = asker.endpoint.call(other.address, 'sendMessage', wrong, { ttlMs: 1000 });
    await expect(call).rejects.toMatchObject({ code: 'badRequest', details: { path: 'room' } });
  });

  it('[NO7] an error with a code that nobody knows is `internal`, also where every object has that name', async () => {
    const exchange = new Exchange();
    const asker = await exchange.party('asker');
    for (const code of ['teapot', '__proto__', 'toString']) {
      const other = await exchange.party(`fake-${code}`);
      await other.bus.subscribe(other.address, (text) => {
        const { id, from } = JSON.parse(text) as { id: string; from: string };
        void other.bus.publish(from, JSON.stringify({ type: 'reply', id, error: { code, message: 'm' } }));
      });
      await expect(ask(asker, other)).rejects.toMatchObject({ code: 'internal', temporary: false });
    }
  });
});
