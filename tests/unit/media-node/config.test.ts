import { ConfigError } from '@sluice/shared';
import { expect, it } from 'vitest';
import { readNodeConfig } from '../../../apps/media-node/src/config.ts';

it('[NO5] without any environment a node has its defaults and an id of its own', () => {
  const [one, other] = [readNodeConfig({}), readNodeConfig({})];
  expect(one).toMatchObject({ opsPort: 9091, rtcPort: 40_000, spread: 'pack', hotWorkerLoad: 0.7, region: 'default' });
  expect(one.nodeId).toMatch(/^node-[a-z0-9]{8}$/);
  expect(one.nodeId).not.toBe(other.nodeId);
  expect(one.workers).toBeGreaterThan(0);
});

it.each([
  { NODE_ID: 'a b' },
  { NODE_ID: 'a:b' },
  { NODE_ID: 'é' },
  { NODE_ID: 'x'.repeat(65) },
  { NODE_ID: '{a}' },
  { REGION: 'x'.repeat(65) },
  { WORKERS: '0' },
  { WORKERS: '1.5' },
  { RTC_PORT: '65001' },
  { PIPE_PORT_MIN: '80' },
  { PIPE_PORT_MIN: '45000', PIPE_PORT_MAX: '44000' },
  { PLACEMENT: 'scatter' },
  { HOT_WORKER_LOAD: '1.1' },
  { REDIS_URL: 'localhost:6379' },
  { RTC_LISTEN_IP: 'all of them' },
] as Record<string, string>[])('[NO5] a node does not start with %j', (environment) => {
  expect(() => readNodeConfig(environment)).toThrow(ConfigError);
});
