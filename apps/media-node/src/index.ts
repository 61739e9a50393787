import { MediaNode, type MediaNodeOptions } from './media-node.ts';

export { type NodeConfig, nodeSettings, readNodeConfig } from './config.ts';
export { version } from './version.ts';
export { MediaNode, type MediaNodeOptions };

/** Starts a node. It answers on the bus, and says in the registry that it does, when this resolves. */
export async function startMediaNode(options: MediaNodeOptions): Promise<MediaNode> {
  const node = new MediaNode(options);
  await node.start();
  return node;
}
