import { LocalCluster } from '@sluice/local';
import { eventually } from '@sluice/shared/testing';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { RawPeer } from '../support/raw/raw-peer.ts';
import { RedisProcess } from '../support/redis/redis-process.ts';

const shape = { nodes: 1, gateways: 1, workers: 1, port: 0, host: '127.0.0.1' };

const open = (redisUrl: string, settings: Record<string, string> = {}) =>
  LocalCluster.start({ ...shape, redisUrl, settings });

/** Everyone that the cluster's own node and gateway know of. */
const members = ({ nodes, gateways }: LocalCluster) => ({
  nodes: nodes[0]!.registry.nodes().length,
  gateways: nodes[0]!.registry.gateways().length,
  places: gateways.length,
});

it.each([
  { how: 'two databases', other: '/1', settings: {} },
  { how: 'two prefixes', other: '', settings: { REDIS_PREFIX: 'staging' } },
] as { how: string; other: string; settings: Record<string, string> }[])(
  '[ST11] two clusters on one Redis, apart by $how, know nothing of each other',
  async ({ other, settings }) => {
    await using redis = await RedisProcess.start();
    await using one = await open(redis.url);
    await using two = await open(`${redis.url}${other}`, settings);
    for (const cluster of [one, two]) {
      await eventually('the members', () => members(cluster).gateways > 0);
      expect(members(cluster)).toMatchObject({ nodes: 1, gateways: 1 });
    }
    const room = 'shared name';
    await using ann = await RawPeer.join({ url: one.url, node: 'node-1' }, room);
    await using bob = await RawPeer.join({ url: two.url, node: 'node-1' }, room);
    expect(bob.joined.peers).toEqual([]);
    await bob.ask('sendMessage', { payload: 'only here' });
    await using carl = await RawPeer.join({ url: one.url, node: 'node-1' }, room);
    expect(carl.joined.peers.map(({ peerId }) => peerId)).toEqual([ann.joined.peerId]);

    const client = new Redis(redis.url);
    const channels = (await client.pubsub('CHANNELS', '*')) as string[];
    const keys = await client.keys('*');
    client.disconnect();
    const prefixes = new Set([...channels, ...keys].map((name) => name.split(':')[0]));
    expect([...prefixes].toSorted()).toEqual(['sluice', other === '' ? 'staging' : 'sluice-1'].toSorted());
  },
);
