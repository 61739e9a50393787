import type { ErrorCode, MetricsRegistry } from '@sluice/shared';
import { buckets, Counter, Gauge, Histogram } from '@sluice/shared';

/** How a request ended: `client_error` is the client's to mend, `server_error` ours. */
export type RequestResult = 'ok' | 'client_error' | 'server_error' | 'timeout';

export function resultOf(code: ErrorCode): RequestResult {
  if (code === 'deadlineExceeded') return 'timeout';
  return serverErrors.has(code) ? 'server_error' : 'client_error';
}

const serverErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'internal',
  'nodeUnavailable',
  'noCapacity',
  'coordinatorUnavailable',
]);

/** What is sent to clients. */
export type FrameKind = 'reply' | 'error' | 'event' | 'notice';

/** Counted for each session and event, so without looking up a label: the numbers are fetched when they are scraped. */
export class SentFrames {
  readonly counts: Record<FrameKind, number> = { reply: 0, error: 0, event: 0, notice: 0 };
  length = 0;

  add(kind: FrameKind, length: number): void {
    this.counts[kind]++;
    this.length += length;
  }
}

/** What a gateway counts. Labels are closed sets: action names, close reasons, kinds of frame. */
export function createGatewayMetrics(registry: MetricsRegistry, now: Readings) {
  const registers = [registry];
  createGauges(registers, now);
  return {
    ...createFrameMetrics(registers),
    ...createConnectionMetrics(registers),
    ...createActionMetrics(registers),
    ...createRecoveryMetrics(registers),
    ...createRepairMetrics(registers),
  };
}
export type GatewayMetrics = ReturnType<typeof createGatewayMetrics>;

type Readings = Readonly<Record<'connections' | 'rooms' | 'joined' | 'bufferedBytes', () => number>>;

function createGauges(registers: MetricsRegistry[], now: Readings): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('sfu_gateway_connections', 'WebSockets that stand.', now.connections);
  gauge('sfu_gateway_peers', 'Sessions that have a peer in a room.', now.joined);
  gauge('sfu_gateway_rooms', 'Rooms that this gateway follows.', now.rooms);
  gauge('sfu_gateway_buffered_bytes', 'Bytes that clients have not taken yet.', now.bufferedBytes);
}

function createConnectionMetrics(registers: MetricsRegistry[]) {
  return {
    opened: new Counter({ name: 'sfu_gateway_connections_opened_total', help: 'WebSockets opened.', registers }),
    refused: new Counter({
      name: 'sfu_gateway_connections_refused_total',
      help: 'Connections refused before they were WebSockets, by why.',
      labelNames: ['reason'],
      registers,
    }),
    closed: new Counter({
      name: 'sfu_gateway_connections_closed_total',
      help: 'WebSockets closed, by why.',
      labelNames: ['reason'],
      registers,
    }),
  };
}

/** How actions are answered. */
function createActionMetrics(registers: MetricsRegistry[]) {
  return {
    requests: new Histogram({
      name: 'sfu_gateway_request_duration_seconds',
      help: "Actions, from their turn to their reply's being sent.",
      labelNames: ['method', 'result'],
      buckets: [...buckets.request],
      registers,
    }),
    joins: new Histogram({
      name: 'sfu_join_duration_seconds',
      help: 'Joins, from their turn to their reply.',
      labelNames: ['result'],
      buckets: [...buckets.request],
      registers,
    }),
    dropped: new Counter({
      name: 'sfu_gateway_messages_dropped_total',
      help: 'Frames that could not be sent, notices for sessions that are not here, and farewells that were given up.',
      labelNames: ['reason'],
      registers,
    }),
    rateLimited: new Counter({
      name: 'sfu_gateway_rate_limited_total',
      help: 'Actions that waited for the rate of their connection (rate), and those that were refused, by which limit.',
      labelNames: ['scope'],
      registers,
    }),
  };
}

/** How peers come through failures. */
function createRecoveryMetrics(registers: MetricsRegistry[]) {
  return {
    resumes: new Counter({
      name: 'sfu_gateway_resumes_total',
      help: 'Peers that were taken up again by a new connection, by why, and those that were not.',
      labelNames: ['reason', 'result'],
      registers,
    }),
    resumeDuration: new Histogram({
      name: 'sfu_resume_duration_seconds',
      help: 'Resumes, from their turn to their reply.',
      labelNames: ['result'],
      buckets: [...buckets.request],
      registers,
    }),
    moves: new Counter({
      name: 'sfu_moves_total',
      help: 'Peers that were given another node, by why, and how it went.',
      labelNames: ['reason', 'result'],
      registers,
    }),
    placing: new Histogram({
      name: 'sfu_move_placing_seconds',
      help: 'One attempt to give a peer another node: until that has it, or not.',
      labelNames: ['reason', 'result'],
      buckets: [...buckets.request],
      registers,
    }),
    moveDuration: new Histogram({
      name: 'sfu_move_duration_seconds',
      help: 'From the decision to move a peer until its client says that it stands, or what came before that.',
      labelNames: ['reason', 'result'],
      buckets: [...buckets.recovery],
      registers,
    }),
  };
}

/** What the cluster mends of itself, here. */
function createRepairMetrics(registers: MetricsRegistry[]) {
  return {
    repairs: new Counter({
      name: 'sfu_registry_drift_total',
      help: 'Room events that were missed on the bus and read afterwards: gaps filled, or the whole room read anew.',
      labelNames: ['kind'],
      registers,
    }),
    fences: new Counter({
      name: 'sfu_fences_total',
      help: "Dead nodes' claims on a room that this process took from them.",
      registers,
    }),
    reaps: new Counter({
      name: 'sfu_orphans_reaped_total',
      help: 'Peers of dead nodes that were not resumed, and that this process took out of their room.',
      registers,
    }),
  };
}

function createFrameMetrics(registers: MetricsRegistry[]) {
  const sent = new SentFrames();
  const messages = new Counter({
    name: 'sfu_gateway_messages_total',
    help: 'Frames, by direction and kind.',
    labelNames: ['direction', 'type'],
    registers,
    collect() {
      for (const [type, count] of Object.entries(sent.counts)) {
        const labels = { direction: 'out', type };
        this.remove(labels);
        this.inc(labels, count);
      }
    },
  });
  const messageBytes = new Counter({
    name: 'sfu_gateway_message_bytes_total',
    help: 'Characters in frames, by direction.',
    labelNames: ['direction'],
    registers,
    collect() {
      this.remove({ direction: 'out' });
      this.inc({ direction: 'out' }, sent.length);
    },
  });
  return { sent, messages, messageBytes };
}
