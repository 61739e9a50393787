import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ConfigError } from './config.ts';

/** An address that a process is about to listen on, and the settings that chose it. */
export interface Binding {
  protocol: 'tcp' | 'udp';
  host: string;
  /** 0 where the system chooses: then only the address is tried. */
  port: number;
  hostSetting: string;
  portSetting: string;
}

/**
 * Tries each address by listening there for a moment. The libraries that listen later report less: a taken port and an
 * address of another host look alike there.
 *
 * @throws ConfigError with everything that can't be listened on, and what to do about it.
 */
export async function assertBindable(bindings: readonly Binding[]): Promise<void> {
  const found = await Promise.all(bindings.map(faultOf));
  const faults = [...new Set(found.filter((fault) => fault !== undefined))];
  if (faults.length > 0) throw new ConfigError(faults);
}

async function faultOf(binding: Binding): Promise<string | undefined> {
  try {
    await (binding.protocol === 'tcp' ? tryTcp(binding) : tryUdp(binding));
    return undefined;
  } catch (error) {
    return describe(binding, error as NodeJS.ErrnoException);
  }
}

async function tryTcp({ host, port }: Binding): Promise<void> {
  const server = createServer();
  server.listen({ host, port, exclusive: true, ipv6Only: host === '::' });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

async function tryUdp({ host, port }: Binding): Promise<void> {
  const type = isIPv6(host) ? 'udp6' : 'udp4';
  const socket = createSocket({ type, ipv6Only: host === '::' });
  socket.bind({ address: host, port, exclusive: true });
  await once(socket, 'listening');
  socket.close();
  await once(socket, 'close');
}

function describe({ protocol, host, port, hostSetting, portSetting }: Binding, error: NodeJS.ErrnoException): string {
  const what = `${protocol.toUpperCase()} port ${port} at ${host}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${portSetting}: ${what} is taken by another process; set another ${portSetting}, or end that process`;
    case 'EADDRNOTAVAIL':
      return `${hostSetting} is ${host}, and this host has no such address: it has ${ownAddresses().join(', ')}`;
    case 'EACCES':
      return `${portSetting}: ${what} needs privileges that this process has not; set a ${portSetting} above 1023`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${hostSetting} is ${host}, and no address is known by this name; name an address of this host`;
    default:
      return `${hostSetting}, ${portSetting}: ${what} cannot be listened on (${error.message})`;
  }
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}
