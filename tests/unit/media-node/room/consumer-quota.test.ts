import type { ProducerId } from '@sluice/shared';
import { expect, it } from 'vitest';
import { peerLimits } from '../../../../apps/media-node/src/config.ts';
import { ConsumerQuota } from '../../../../apps/media-node/src/room/consumer-quota.ts';

const producer = (index: number) => `producer-${index}` as ProducerId;

it('[NO58] what is being made counts, up to the limit and no further', () => {
  const quota = new ConsumerQuota();
  const given = Array.from({ length: peerLimits.consumers }, (_, index) => quota.reserve(producer(index)));
  expect(() => quota.reserve(producer(-1))).toThrow(expect.objectContaining({ code: 'limitExceeded' }));
  given[0]?.();
  given[0]?.();
  expect(quota.total).toBe(peerLimits.consumers - 1);
  quota.reserve(producer(-1));
  expect(() => quota.reserve(producer(-2))).toThrow(expect.objectContaining({ details: { limit: 'consumers' } }));
});

it('[NO58] of one producer there are two, one of which may be taking the place of the other', () => {
  const quota = new ConsumerQuota();
  const [old] = [quota.reserve(producer(1)), quota.reserve(producer(1))];
  const beyond = expect.objectContaining({ details: { limit: 'consumersOfProducer' } });
  expect(() => quota.reserve(producer(1))).toThrow(beyond);
  expect(quota.total).toBe(2);
  old?.();
  quota.reserve(producer(1));
  quota.reserve(producer(2));
});
