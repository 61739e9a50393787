import type { Bus, Clock, Directory, Logger } from '@sluice/shared';
import type { GatewayConfig } from './config.ts';
import type { Departures } from './departures.ts';
import type { Rate } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { MoveTimes } from './move-times.ts';
import type { NodeClient } from './node-client.ts';
import type { Placements } from './placements.ts';
import type { ResumeGuard } from './resume-guard.ts';
import type { RoomFeeds } from './room-feeds.ts';
import type { Sessions } from './sessions.ts';

/** What the sessions of one gateway share. */
export interface Services {
  config: GatewayConfig;
  actionRate: Rate;
  bus: Bus;
  directory: Directory;
  clock: Clock;
  log: Logger;
  metrics: GatewayMetrics;
  moveTimes: MoveTimes;
  nodes: NodeClient;
  departures: Departures;
  placements: Placements;
  resumeGuard: ResumeGuard;
  rooms: RoomFeeds;
  sessions: Sessions;
}
