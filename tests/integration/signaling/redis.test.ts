import { openRedisCoordination, readRedisTarget, silentLogger, systemClock } from '@sluice/shared';
import { readGatewayConfig, startGateway } from '@sluice/signaling';
import { expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../unit/signaling/support/eventually.ts';
import { FakeNode } from '../../unit/signaling/support/fake-node.ts';
import { Client } from './support.ts';

async function startPlace(redis: TestRedis, gateways: number) {
  const stack = new AsyncDisposableStack();
  const coordinate = () => {
    const coordination = openRedisCoordination({ redis: readRedisTarget(redis.url) }, { log: silentLogger });
    stack.defer(() => coordination.close());
    return coordination;
  };
  const node = new FakeNode({ id: 'node-1', ...coordinate(), clock: systemClock });
  await node.start();
  stack.defer(() => node.stop());
  const connect: (() => Promise<Client>)[] = [];
  for (let index = 0; index < gateways; index++) {
    const config = readGatewayConfig({ HOST: '127.0.0.1', PORT: '0', OPS_PORT: '0' });
    const gateway = await startGateway({ config, ...coordinate(), clock: systemClock, log: silentLogger });
    stack.use(gateway);
    connect.push(async () => {
      const client = new Client(`ws://127.0.0.1:${gateway.port}/ws`);
      await client.opened;
      return client;
    });
  }
  return { node, connect, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const join = (client: Client, id: string) => client.ask({ action: 'join', room: 'demo', id });

test('[GW3] two gateways over a real Redis tell the same story', async () => {
  await using redis = await startRedis();
  await using place = await startPlace(redis, 2);
  const clients = await Promise.all(place.connect.map((connect) => connect()));
  const [ann, bob] = clients as [Client, Client];
  const first = await join(ann, 'j');
  await join(bob, 'j');
  for (let id = 0; id < 50; id++) await (id % 2 ? ann : bob).ask({ action: 'sendMessage', payload: id, id });
  await ann.waitFor('message', 50);
  await bob.waitFor('message', 50);
  const numbers = ann.frames.filter(({ type }) => type === 'message').map(({ seq }) => seq as number);
  expect(numbers).toEqual(Array.from({ length: 50 }, (_, at) => (first['seq'] as number) + 2 + at));
  expect(bob.frames.filter(({ type }) => type === 'message').map(({ seq }) => seq)).toEqual(numbers);
  ann.socket.close();
  expect(await bob.waitFor('peerLeft')).toMatchObject({ reason: 'disconnected' });
});

test('[GW17] Redis goes: errors at once, connections stay; it comes back: joins work, and the room goes on', async () => {
  await using redis = await startRedis();
  await using place = await startPlace(redis, 1);
  const connect = place.connect[0] as () => Promise<Client>;
  const [ann, bob] = [await connect(), await connect()];
  await join(ann, 'j');
  await redis.kill();
  const refused = await eventually(async () => {
    const id = `r${performance.now()}`;
    const began = performance.now();
    const answer = await join(bob, id);
    return answer['code'] === 'coordinatorUnavailable' && { took: performance.now() - began, answer };
  }, 10_000);
  expect(refused.answer).toMatchObject({ type: 'error', temporary: true });
  // Less than an action's deadline: it did not wait for Redis.
  expect(refused.took).toBeLessThan(1500);
  expect(await ann.ask({ action: 'updatePeer', name: 'x', id: 1 })).toMatchObject({ code: 'coordinatorUnavailable' });
  expect([ann.closedWith, bob.closedWith]).toEqual([undefined, undefined]);
  await redis.restart();
  await eventually(async () => (await join(bob, `b${performance.now()}`)).type === 'joined', 15_000);
  expect(ann.closedWith).toBeUndefined();
});
