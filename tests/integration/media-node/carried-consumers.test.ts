import { expect, test } from 'vitest';
import { LoneNode } from '../../support/clusters/lone-node.ts';

test('[NO41] a consumer keeps its priority when its worker dies, and when its peer moves to another node', async () => {
  await using lone = await LoneNode.start({ settings: { WORKERS: '2', PLACEMENT: 'spread' } });
  const gateway = await lone.gateway('gw-1');
  const ann = await gateway.join('a');
  const bob = await gateway.join('a', { features: ['replace'] });
  await ann.connect();
  const producerId = await ann.produce();
  const { rtpCapabilities } = bob.joined!;
  const { consumers } = await bob.ask('consume', { producerIds: [producerId], rtpCapabilities, paused: true });
  await bob.ask('setPriority', { consumerId: consumers[0]?.id, priority: 200 });
  const carried = bob.peer!.carriedConsumers();
  expect(carried).toMatchObject([{ producerId, priority: 200 }]);

  lone.node.pool.kill(bob.peer!.router.worker);
  await lone.until('the next consumer', () => (bob.peer?.consumers.size ?? 0) > 0 && bob.peer?.move !== undefined);
  const priorities = () => [...bob.peer!.consumers.values()].map(({ consumer }) => consumer.priority);
  expect(priorities()).toEqual([200]);

  const { node, boot, sessionId } = bob.peer!.record;
  const from = { node, boot, sessionId, reason: 'drain', deadlineMs: 10_000 } as const;
  await bob.join({ from, consumers: carried, ...(rtpCapabilities && { rtpCapabilities }) });
  expect(priorities()).toEqual([200]);
});
