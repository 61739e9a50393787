import { networkInterfaces } from 'node:os';

/** The address to tell others, where the one that is listened on would mean nothing to them. */
export function announcedAddress(listenIp: string, configured: string | undefined): string | undefined {
  if (configured !== undefined) return configured;
  if (listenIp !== '0.0.0.0' && listenIp !== '::') return undefined;
  return firstOutsideAddress() ?? '127.0.0.1';
}

function firstOutsideAddress(): string | undefined {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { family, internal, address } of addresses ?? []) {
      if (family === 'IPv4' && !internal) return address;
    }
  }
  return undefined;
}
