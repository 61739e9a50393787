import { ConfigError, printableConfig } from '@sluice/shared';
import { expect, test } from 'vitest';
import { gatewaySettings, readGatewayConfig } from '../../../apps/signaling/src/config.ts';

test('[GW22] without any environment a gateway has its defaults and an id of its own', () => {
  const config = readGatewayConfig({});
  expect(config).toMatchObject({ port: 8080, host: '0.0.0.0', opsPort: 9090, placement: 'pack', iceServers: [] });
  expect(config).toMatchObject({ allowNodeChoice: false, actionsPerSecond: 50, actionBurst: 400, allowedOrigins: [] });
  expect(config.gatewayId).toMatch(/^gw-/);
  expect(readGatewayConfig({}).gatewayId).not.toBe(config.gatewayId);
});

test('[GW22] everything that is wrong is said at once', () => {
  const environment = { PORT: '70000', PLACEMENT: 'best', ICE_SERVERS: '{', GATEWAY_ID: 'a b', ACTION_BURST: 'many' };
  let caught: unknown;
  try {
    readGatewayConfig(environment);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(ConfigError);
  const { faults } = caught as ConfigError;
  expect(faults).toHaveLength(5);
  for (const name of Object.keys(environment)) expect(faults.some((fault) => fault.startsWith(name))).toBe(true);
});

test('[GW22] ICE servers are read from JSON, and never printed', () => {
  const servers = [{ urls: ['turn:turn.example.org'], username: 'u', credential: 'hush' }];
  const config = readGatewayConfig({ ICE_SERVERS: JSON.stringify(servers), ALLOWED_ORIGINS: 'https://a, https://b' });
  expect(config.iceServers).toEqual(servers);
  expect(config.allowedOrigins).toEqual(['https://a', 'https://b']);
  expect(JSON.stringify(printableConfig(gatewaySettings, config))).not.toContain('hush');
});
