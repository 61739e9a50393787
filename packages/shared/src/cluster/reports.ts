import * as z from 'zod';
import type { BootId, GatewayId, NodeId } from '../base/ids.ts';

const identity = { id: z.string().min(1).max(64), boot: z.string().min(1).max(32), address: z.string().max(128) };

const nodeReport = z.object({
  kind: z.literal('node'),
  ...identity,
  version: z.string().max(64),
  region: z.string().max(64),
  /** Share of all its workers' cores in use, 0–1, over the last seconds. */
  load: z.number().min(0).max(64),
  workers: z.int().min(0).max(1024),
  peers: z.int().min(0),
  draining: z.boolean(),
  /** Whether it takes peers at all: false while no worker lives or its ports are spent. */
  accepting: z.boolean(),
});
const gatewayReport = z.object({
  kind: z.literal('gateway'),
  ...identity,
  version: z.string().max(64),
  sessions: z.int().min(0),
  draining: z.boolean(),
});
const farewell = z.object({ kind: z.literal('farewell'), ...identity });
const heartbeat = z.discriminatedUnion('kind', [nodeReport, gatewayReport, farewell]);

export type NodeReport = z.infer<typeof nodeReport> & { id: NodeId; boot: BootId };
export type GatewayReport = z.infer<typeof gatewayReport> & { id: GatewayId; boot: BootId };
export type Report = NodeReport | GatewayReport;

/** A member as this process sees it: what it said last, and when that was heard, on this process's own clock. */
export interface Member<R extends Report = Report> {
  report: R;
  heardAt: number;
}

/** Undefined for what is no heartbeat. */
export function parseHeartbeat(message: string): z.infer<typeof heartbeat> | undefined {
  try {
    const parsed = heartbeat.safeParse(JSON.parse(message));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export const farewellOf = ({ id, boot, address }: Report) => ({ kind: 'farewell' as const, id, boot, address });
