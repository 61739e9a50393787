import { ConfigError, printableConfig } from '@sluice/shared';
import { expect, test } from 'vitest';
import { mayConnect } from '../../../apps/signaling/src/settings/origins.ts';
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

test.each([
  ['https://App.example.org/', ['https://app.example.org']],
  ['https://a:443, http://b:80', ['https://a', 'http://b']],
  ['https://a:8443', ['https://a:8443']],
  ['https://zürich.example', ['https://xn--zrich-kva.example']],
])('[ST12] %s is an origin as browsers send it', (text, origins) => {
  expect(readGatewayConfig({ ALLOWED_ORIGINS: text }).allowedOrigins).toEqual(origins);
});

const faultsOf = (environment: Record<string, string>): string => {
  try {
    readGatewayConfig(environment);
  } catch (error) {
    return (error as ConfigError).faults.join('\n');
  }
  return '';
};

test.each([
  '*',
  'a.example.org',
  'https://a/app',
  'https://me:hunter2@a',
  'https://a?x',
  'ftp://a',
  'null',
  'https://*.a',
])('[ST12] %s is no origin, which is said at the start', (text) => {
  expect(faultsOf({ ALLOWED_ORIGINS: `https://good.example,${text}` })).toMatch(/^ALLOWED_ORIGINS /);
  expect(faultsOf({ ALLOWED_ORIGINS: text })).not.toContain('hunter2');
});

const turn = { urls: 'turn:t.example:3478?transport=tcp', username: 'u', credential: 'hunter2' };

test('[ST12] ICE servers are taken as browsers take them', () => {
  const given = [{ urls: 'stun:s.example' }, turn, { ...turn, urls: ['turns:[2001:db8::1]:5349', 'turn:1.2.3.4'] }];
  const { iceServers } = readGatewayConfig({ ICE_SERVERS: JSON.stringify(given) });
  expect(iceServers.map(({ urls }) => urls)).toEqual([
    ['stun:s.example'],
    ['turn:t.example:3478?transport=tcp'],
    ['turns:[2001:db8::1]:5349', 'turn:1.2.3.4'],
  ]);
});

test.each([
  [[{ urls: 'https://t.example' }], '0: urls: 0'],
  [[{ urls: [] }], '0: urls'],
  [[{ urls: 'turn:t.example' }], 'username and a credential'],
  [[{ ...turn, urls: 'turn:u:hunter2@t.example' }], '0: urls: 0'],
  [[{ ...turn, urls: 'stun:t?transport=udp' }], '0: urls: 0'],
  [{ urls: 'stun:s.example' }, 'array'],
  [[turn, { url: 'stun:s.example' }], '1: urls'],
])('[ST12] %j are no ICE servers, and no credential is printed', (servers, problem) => {
  const fault = faultsOf({ ICE_SERVERS: JSON.stringify(servers) });
  expect(fault).toMatch(/^ICE_SERVERS is wrong/);
  expect(fault).toContain(problem);
  expect(fault).not.toContain('hunter2');
});

test('[ST12] one port is not taken for two things', () => {
  expect(faultsOf({ PORT: '9090' })).toContain('OPS_PORT');
  expect(faultsOf({ PORT: '0', OPS_PORT: '0' })).toBe('');
});

test("[ST12] where origins are named, the gateway's own page is let in too", () => {
  const own = { origin: 'https://sfu.example', host: 'sfu.example' };
  const allowed = ['https://app.example'];
  expect(mayConnect(own, allowed, true)).toBe(true);
  expect(mayConnect({ ...own, host: 'sfu.example:443' }, allowed, true)).toBe(true);
  expect(mayConnect(own, allowed, false), 'no page is served').toBe(false);
  expect(mayConnect({ ...own, origin: 'https://sfu.example:8443' }, allowed, true)).toBe(false);
  for (const origin of ['null', 'https://evil.example', '//', ':']) {
    expect(mayConnect({ ...own, origin }, allowed, true), origin).toBe(false);
  }
  expect(mayConnect({ origin: ':', host: '' }, allowed, true)).toBe(false);
});
