import { type Bus, type Clock, SluiceError } from '@sluice/shared';
import type { GatewayConfig } from '../config.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { Farewells } from '../nodes/farewells.ts';
import type { NodeClient } from '../nodes/node-client.ts';
import type { Placements } from '../nodes/placements.ts';
import type { RouterCapabilities } from '../nodes/router-capabilities.ts';
import type { FollowedRooms } from '../rooms/followed-rooms.ts';
import type { Seats } from '../session/seats.ts';
import type { Session } from '../session/session.ts';
import type { ResumeGuard } from './resuming/resume-guard.ts';

/** What joins and resumes work with; no other action needs it. */
export interface EntryServices {
  config: Pick<GatewayConfig, 'allowNodeChoice' | 'region' | 'iceServers'>;
  bus: Pick<Bus, 'connected'>;
  clock: Clock;
  metrics: Pick<GatewayMetrics, 'resumes'>;
  nodes: NodeClient;
  farewells: Farewells;
  placements: Placements;
  capabilities: RouterCapabilities;
  resumeGuard: ResumeGuard;
  rooms: FollowedRooms;
  seats: Seats;
}

/**
 * Asked before anything else, since a subscription would wait for the bus to come back.
 *
 * @throws coordinatorUnavailable
 */
export function assertBus({ bus }: EntryServices): void {
  if (!bus.connected) throw new SluiceError('coordinatorUnavailable', 'The bus is away.');
}

/**
 * The connection may have closed while its join waited for its turn.
 *
 * @throws deadlineExceeded
 */
export function assertOpen({ open }: Pick<Session, 'open'>): void {
  if (!open) throw new SluiceError('deadlineExceeded', 'The connection is closed.');
}
