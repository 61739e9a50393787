import type { NodeConfig } from '../config.ts';
import { pipeAddress } from '../settings/addresses.ts';
import type { LinkListen, LinkScope } from './link-end.ts';

/** Where this node's ends of pipes listen, and what the other side is told: within a node that is loopback. */
export function linkListen(config: NodeConfig): Record<LinkScope, LinkListen> {
  const portRange = { min: config.pipePortMin, max: config.pipePortMax };
  return {
    worker: { ip: '127.0.0.1', portRange },
    node: { ...pipeAddress(config), portRange },
  };
}
