import { expect, it } from 'vitest';
import { readLocalOptions } from '../../../apps/local/src/config.ts';
import { localNodeEnvironment } from '../../../apps/local/src/environment.ts';
import { outsideAddresses, pageUrls, reachNotes } from '../../../apps/local/src/reachable.ts';

const read = (args: string[] = [], environment: NodeJS.ProcessEnv = {}) => readLocalOptions(args, environment);

it('[ST16] an empty variable counts as none', () => {
  expect(read([], { PORT: '', REDIS_URL: '' })).toMatchObject({ port: 8080, redisUrl: undefined });
  expect(read([], { PORT: '9000' }).port).toBe(9000);
  expect(read(['--port', '0'], { PORT: '9000' }).port).toBe(0);
});

it.each([
  [['--port', ''], '--port'],
  [['--port', '0x50'], '--port'],
  [['--port', '65535', '--gateways', '2'], '--port'],
  [['--nodes', '1.0'], '--nodes'],
  [['--host', 'my-laptop'], '--host'],
  [['--host', ''], '--host'],
  [['--redis', 'redis://me@corp:hunter2@h'], '--redis'],
  [['--redis', ''], '--redis'],
])('[ST16] %j is refused by its name, and no password is repeated', (args, name) => {
  expect(() => read(args)).toThrow(name);
  expect(() => read(args)).not.toThrow('hunter2');
});

it('[ST17] media is received beside loopback where that is asked for, and pipes on loopback alone', () => {
  const shape = { workers: 1, port: 0, host: '127.0.0.1' };
  expect(localNodeEnvironment(0, { ...shape, mediaAlsoAt: '192.0.2.2' })).toMatchObject({
    RTC_LISTEN_IP: '127.0.0.1,192.0.2.2',
    PIPE_LISTEN_IP: '127.0.0.1',
  });
  expect(localNodeEnvironment(0, shape)).toMatchObject({ RTC_LISTEN_IP: '127.0.0.1' });
});

it('[ST17] what is printed is an address that a browser can open, and says who can reach it', () => {
  expect(pageUrls('127.0.0.1', 80)).toEqual(['http://localhost:80']);
  expect(pageUrls('2001:db8::1', 80)).toEqual(['http://[2001:db8::1]:80']);
  expect(pageUrls('0.0.0.0', 80).join(' ')).not.toContain('0.0.0.0');
  expect(pageUrls('0.0.0.0', 80)[0]).toBe('http://localhost:80');
  expect(reachNotes('127.0.0.1', '192.0.2.2').join(' ')).toContain('Media is received at 192.0.2.2 too');
  expect(reachNotes('127.0.0.1', undefined).join(' ')).toContain('Firefox gets no media here');
  expect(reachNotes('0.0.0.0', undefined).join(' ')).toContain('https');
});

it("[ST17] other machines' addresses come before those of containers' bridges", () => {
  const one = (address: string, internal = false) => [{ address, internal }] as never;
  const interfaces = {
    lo: one('127.0.0.1', true),
    docker0: one('172.17.0.1'),
    eth0: one('2001:db8::1'),
    wlan0: one('192.0.2.2'),
  };
  expect(outsideAddresses(interfaces)).toEqual(['192.0.2.2', '2001:db8::1', '172.17.0.1']);
});
