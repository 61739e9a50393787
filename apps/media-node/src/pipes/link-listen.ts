import type { NodeConfig } from '../config.ts';
import { announcedAddress } from '../mediasoup/addresses.ts';
import type { LinkListen, LinkScope } from './link-end.ts';

/** Where this node's ends of pipes listen, and what the other side is told: within a node that is loopback. */
export function linkListen(config: NodeConfig): Record<LinkScope, LinkListen> {
  const portRange = { min: config.pipePortMin, max: config.pipePortMax };
  const ip = config.pipeListenIp ?? config.rtcListenIp;
  const announced = announcedAddress(ip, config.pipeAnnouncedAddress ?? config.rtcAnnouncedAddress);
  return {
    worker: { ip: '127.0.0.1', portRange },
    node: { ip, portRange, ...(announced !== undefined && { announcedAddress: announced }) },
  };
}
