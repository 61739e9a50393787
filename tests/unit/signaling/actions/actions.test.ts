import { clientActions } from '@sluice/shared/protocol';
import { expect, test } from 'vitest';
import { allActions, examples } from '../support/examples.ts';
import { World } from '../support/world.ts';

test('the examples have every action', () => {
  expect(Object.keys(allActions).sort()).toEqual(Object.keys(clientActions).sort());
});

for (const [action, { fields, operation, params, reply }] of Object.entries(examples)) {
  test(`[GW6] ${action} asks its node for ${operation}, in the peer's name, and is answered ${String(reply['type'])}`, async () => {
    await using world = await World.create();
    const ann = await world.gateway.join();
    const own = world.node.called('joinPeer')[0]?.params;
    // What the client says of whose peer it is counts nothing, nor does anything else that nobody asked for.
    const foreign = { room: 'other', peerId: 'evil', sessionId: 's_evil', boot: 'b', unknown: { a: 1 } };
    const answer = await ann.ask({ ...foreign, ...(fields as object), action, id: 7 });
    const { type, ...rest } = reply;
    expect(answer.type).toBe(type);
    for (const [field, value] of Object.entries(rest)) {
      if (value instanceof RegExp) expect(answer[field]).toMatch(value);
      else expect({ [field]: answer[field] }).toMatchObject({ [field]: value });
    }
    expect(world.node.calls.map((call) => call.operation)).toEqual(['joinPeer', operation]);
    const identity = { room: 'demo', peerId: own?.['peerId'], sessionId: own?.['sessionId'] };
    expect(world.node.calls[1]?.params).toEqual({ ...params, ...identity });
  });
}

test('[GW6] a sending transport is answered as what it is', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  const answer = await ann.ask({ action: 'createWebRtcTransport', direction: 'send', sctp: true, id: 1 });
  expect(answer).toMatchObject({ type: 'producerTransport', producerTransport: { id: 't1' } });
  expect(world.node.called('createTransport')[0]?.params).toMatchObject({ direction: 'send', sctp: true });
});

test('[GW6] one consumer or many', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  await ann.ask({ action: 'resumeConsumer', consumerId: 'c1', id: 1 });
  await ann.ask({ action: 'consume', producerIds: ['p1', 'p2'], paused: false, id: 2 });
  expect(world.node.called('resumeConsumers')[0]?.params).toMatchObject({ consumerIds: ['c1'] });
  expect(world.node.called('consume')[0]?.params).toMatchObject({ producerIds: ['p1', 'p2'], paused: false });
});

test("[GW6] what the node refuses, the client is told in the node's words", async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  const answer = await ann.ask({ action: 'sendMessage', payload: 1, id: 'x' });
  expect(answer.type).toBe('messageSent');
  const { SluiceError } = await import('@sluice/shared');
  world.node.on('restartIce', async () => {
    throw new SluiceError('transportNotFound', 'No such transport.', { details: { transportId: 't' } });
  });
  world.node.on('consume', async () => {
    throw new Error('secret at 10.0.0.7');
  });
  expect(await ann.ask({ action: 'restartIce', transportId: 't', id: 1 })).toEqual({
    type: 'error',
    id: 1,
    action: 'restartIce',
    code: 'transportNotFound',
    message: 'No such transport.',
    temporary: false,
    details: { transportId: 't' },
  });
  const internal = await ann.ask({ action: 'consume', producerId: 'p', id: 2 });
  expect(internal).toMatchObject({ type: 'error', code: 'internal', temporary: false });
  expect(JSON.stringify(internal)).not.toContain('10.0.0.7');
});
