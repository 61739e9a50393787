import type { Bus, Clock, Directory, Logger } from '@sluice/shared';
import type { GatewayConfig } from './config.ts';
import type { Departures } from './nodes/farewells.ts';
import type { Rate } from './session/limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { MoveTimes } from './session/move-times.ts';
import type { NodeClient } from './nodes/node-client.ts';
import type { Placements } from './nodes/placements.ts';
import type { ResumeGuard } from './actions/resume-guard.ts';
import type { RoomFeeds } from './rooms/followed-rooms.ts';
import type { Sessions } from './session/sessions.ts';

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
