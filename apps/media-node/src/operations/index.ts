import type { NodeOperationName } from '@sluice/shared';
import * as consumers from './consumers.ts';
import { joinPeer } from './join-peer.ts';
import * as moving from './moving.ts';
import * as peers from './peers.ts';
import * as pipes from './pipes.ts';
import * as producers from './producers.ts';
import { getStats } from './stats.ts';
import type { Operation } from './table.ts';
import * as transports from './transports.ts';

/** Everything that a node does when asked. An operation without its row here doesn't compile. */
export const operations = {
  joinPeer,
  ...peers,
  ...moving,
  ...transports,
  ...producers,
  ...consumers,
  getStats,
  ...pipes,
} satisfies { [O in NodeOperationName]: Operation<O> };
