import { assertBindable, type Binding, describeFailure } from '@sluice/shared';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';

const names = { hostSetting: 'THE_HOST', portSetting: 'THE_PORT' };
const faultOf = async (...bindings: Omit<Binding, keyof typeof names>[]): Promise<string> =>
  assertBindable(bindings.map((binding) => ({ ...names, ...binding }))).then(
    () => '',
    (error: Error) => describeFailure(new Error('Could not start.', { cause: error })),
  );

it('[ST15] a port that another process has is named, TCP and UDP', async () => {
  const tcp = createServer().listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const [tcpPort, udpPort] = [(tcp.address() as AddressInfo).port, udp.address().port];
  const fault = await faultOf(
    { protocol: 'tcp', host: '127.0.0.1', port: tcpPort },
    { protocol: 'udp', host: '127.0.0.1', port: udpPort },
  );
  expect(fault).toContain(
    `THE_PORT: TCP port ${tcpPort} at 127.0.0.1 is taken by another process; set another THE_PORT`,
  );
  expect(fault).toContain(`THE_PORT: UDP port ${udpPort} at 127.0.0.1 is taken`);
  expect(fault, 'no stack').not.toMatch(/\n\s+at /);
  tcp.close();
  udp.close();
});

it("[ST15] an address that isn't this host's is named, with those that are", async () => {
  const address = { host: '198.51.100.7', port: 0 };
  const fault = await faultOf({ protocol: 'udp', ...address }, { protocol: 'tcp', ...address });
  expect(fault).toContain('THE_HOST is 198.51.100.7, and this host has no such address: it has ');
  expect(fault).toContain('127.0.0.1');
  expect(fault.match(/THE_HOST is/g)).toHaveLength(1);
});

it('[ST15] both families have the same port, and what was tried is free again', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  for (let time = 0; time < 3; time++) {
    expect(
      await faultOf(
        { protocol: 'tcp', host: '0.0.0.0', port },
        { protocol: 'tcp', host: '::', port },
        { protocol: 'udp', host: '0.0.0.0', port },
        { protocol: 'udp', host: '::', port },
      ),
    ).toBe('');
  }
});

it('[ST15] a failure is told with what caused it', () => {
  const deep = new Error('Could not start workers.', { cause: new Error('spawn', { cause: 'no such file' }) });
  expect(describeFailure(deep)).toMatch(
    /^Could not start workers\.\n {2}because: spawn\n {2}because: 'no such file'\n/,
  );
});
