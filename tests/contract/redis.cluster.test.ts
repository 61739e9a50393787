import { test } from 'vitest';
import { hashSlot } from '../../packages/shared/src/bus/hash-slot.ts';
import { eventually } from '../../packages/shared/testing/index.ts';
import { startRedisCluster, type TestRedisCluster } from '../support/redis/redis.ts';
import { ask } from '../support/redis/redis-process.ts';
import { openMember } from '../support/clusters/rigs.ts';

/** Takes the channel's slot from the master that serves it to another. */
async function moveSlot(cluster: TestRedisCluster, channel: string): Promise<void> {
  const slot = hashSlot(channel);
  // Whoever doesn't serve the slot answers MOVED.
  const serves = (port: number): Promise<boolean> =>
    ask(port, 'GET', channel).then(
      () => true,
      () => false,
    );
  const serving = await Promise.all(cluster.servers.map(({ port }) => serves(port)));
  const from = cluster.servers[serving.indexOf(true)];
  const to = cluster.servers[serving.indexOf(false)];
  if (!from || !to) throw new Error('One master serves a slot, and others do not.');
  const toId = String(await ask(to.port, 'CLUSTER', 'MYID'));
  // The receiver first: in between both would say it is theirs, rather than nobody.
  for (const server of [to, from]) await ask(server.port, 'CLUSTER', 'SETSLOT', slot, 'NODE', toId);
}

test('[BU16] a channel is heard at whichever master serves its slot, also after the slot has moved', async () => {
  await using cluster = await startRedisCluster();
  await using a = await openMember({ nodes: cluster.nodes });
  await using b = await openMember({ nodes: cluster.nodes });
  const names = Array.from({ length: 30 }, (_, index) => `test:${index}`);
  const heard = new Map(names.map((name) => [name, [] as string[]]));
  for (const name of names) await b.bus.subscribe(name, (message) => heard.get(name)?.push(message));
  for (const name of names) await a.bus.publish(name, 'first');
  await eventually('all to be heard', () => [...heard.values()].every((messages) => messages.length === 1));

  const [moved = ''] = names;
  await moveSlot(cluster, `sluice:${moved}`);
  const hears = async (text: string): Promise<boolean> => {
    await a.bus.publish(moved, text);
    return heard.get(moved)?.includes(text) ?? false;
  };
  await eventually('the channel to be heard where its slot is now', () => hears('second'), { withinMs: 15_000 });
  await eventually('all to be made good', () => b.bus.connected);
}, 60_000);

test('[BU16] the channels of a master that was killed and came back are heard again, the others all the while', async () => {
  await using cluster = await startRedisCluster();
  await using a = await openMember({ nodes: cluster.nodes });
  await using b = await openMember({ nodes: cluster.nodes });
  const names = Array.from({ length: 12 }, (_, index) => `test:${index}`);
  const heard = new Set<string>();
  for (const name of names) await b.bus.subscribe(name, (message) => heard.add(`${name} ${message}`));
  const [victim] = cluster.servers;
  await victim?.restart();
  const publishAll = async (text: string): Promise<boolean> => {
    await Promise.allSettled(names.map((name) => a.bus.publish(name, text)));
    return names.every((name) => heard.has(`${name} ${text}`));
  };
  await eventually('all to be heard again', () => publishAll('again'), { withinMs: 20_000, everyMs: 50 });
  await eventually('both to be connected', () => a.bus.connected && b.bus.connected, { withinMs: 10_000 });
}, 60_000);
