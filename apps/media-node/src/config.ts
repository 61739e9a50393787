import type { ConfigOf, Environment } from '@sluice/shared';
import { commonSettings, newNodeId, readConfig, rules } from '@sluice/shared';
import { availableParallelism } from 'node:os';
import { addressFaults } from './settings/addresses.ts';

export const nodeSettings = {
  nodeId: { env: 'NODE_ID', schema: rules.name(newNodeId), about: 'the name of this node in the cluster' },
  region: {
    env: 'REGION',
    schema: rules.name(() => 'default'),
    about: 'peers that ask for this region are placed here',
  },
  ...commonSettings,
  opsPort: {
    env: 'OPS_PORT',
    schema: rules.port(9091),
    about: 'private TCP port of /healthz, /readyz and /metrics; 0 takes any free one',
  },
  workers: {
    env: 'WORKERS',
    schema: rules.integer({ min: 1, max: 256, fallback: availableParallelism() }),
    about: 'mediasoup workers, one a core: more only take turns, fewer leave cores idle',
  },
  workerBin: {
    env: 'MEDIASOUP_WORKER_BIN',
    schema: rules.optionalText(),
    about: 'the mediasoup-worker binary; without it mediasoup looks for its own',
  },
  rtcListenIps: {
    env: 'RTC_LISTEN_IP',
    schema: rules.list(rules.ip()),
    about:
      'the addresses that media is received on, comma-separated; 0.0.0.0 for all of IPv4, :: for those of both families. Without it 0.0.0.0, or :: on a host without IPv4',
  },
  rtcAnnouncedAddresses: {
    env: 'RTC_ANNOUNCED_ADDRESS',
    schema: rules.list(rules.host()),
    about:
      'what clients are told in place of the address listened on: an IP address for each family, or a name; without it the first address of this host that is not loopback',
  },
  rtcPort: {
    env: 'RTC_PORT',
    schema: rules.integer({ min: 0, max: 65_000, fallback: 40_000 }),
    about: "the first worker's UDP and TCP port; each further worker takes the next one; 0 lets the system choose",
  },
  pipeListenIp: { env: 'PIPE_LISTEN_IP', schema: rules.ip().optional(), about: 'as RTC_LISTEN_IP, for other nodes' },
  pipeAnnouncedAddress: {
    env: 'PIPE_ANNOUNCED_ADDRESS',
    schema: rules.ip().optional(),
    about:
      'the IP address that other nodes send media to; a private network is enough. Without it RTC_ANNOUNCED_ADDRESS, unless PIPE_LISTEN_IP is set',
  },
  pipePortMin: {
    env: 'PIPE_PORT_MIN',
    schema: rules.integer({ min: 1024, max: 65_535, fallback: 42_000 }),
    about: 'the first UDP port of pipes: one is taken for each pair of routers',
  },
  pipePortMax: {
    env: 'PIPE_PORT_MAX',
    schema: rules.integer({ min: 1024, max: 65_535, fallback: 49_999 }),
    about: 'the last UDP port of pipes',
  },
  spread: {
    env: 'PLACEMENT',
    schema: rules.choice(['pack', 'spread'], 'pack'),
    about: 'pack: a room takes a second worker when its first is hot; spread: peers go to the workers in turn',
  },
  hotWorkerLoad: {
    env: 'HOT_WORKER_LOAD',
    schema: rules.number({ min: 0, max: 1, fallback: 0.7 }),
    about: 'a worker above this share of its core takes no more of a room; lower spreads sooner and makes more pipes',
  },
  pipeIdleMs: {
    env: 'PIPE_IDLE_MS',
    schema: rules.integer({ min: 0, max: 600_000, fallback: 3000 }),
    about: 'how long a pipe without a consumer is kept: longer spares reconnections, shorter spares bandwidth',
  },
  emptySliceMs: {
    env: 'EMPTY_SLICE_MS',
    schema: rules.integer({ min: 0, max: 600_000, fallback: 2000 }),
    about: 'how long the routers of a room are kept after its last peer here has gone',
  },
  resumeWindowMs: {
    env: 'RESUME_WINDOW_MS',
    schema: rules.integer({ min: 0, max: 3_600_000, fallback: 30_000 }),
    about:
      'how long a peer whose session is lost is kept: longer bridges worse networks, and shows the gone for longer',
  },
  drainDeadlineMs: {
    env: 'DRAIN_DEADLINE_MS',
    schema: rules.integer({ min: 0, max: 86_400_000, fallback: 30_000 }),
    about: 'how long a SIGTERM waits for the peers to be moved',
  },
  maxPeersPerRoom: {
    env: 'MAX_PEERS_PER_ROOM',
    schema: rules.integer({ min: 1, max: 100_000, fallback: 5000 }),
    about: 'the next peer of a room is refused with roomFull',
  },
  initialOutgoingBitrate: {
    env: 'INITIAL_OUTGOING_BITRATE',
    schema: rules.integer({ min: 100_000, max: 100_000_000, fallback: 1_000_000 }),
    about:
      'bit/s towards a new viewer before its bandwidth is known: higher starts sharper and may overrun a thin link',
  },
} as const;

export type NodeConfig = ConfigOf<typeof nodeSettings>;

/** @throws ConfigError with all that is wrong. */
export function readNodeConfig(environment: Environment): NodeConfig {
  return readConfig(nodeSettings, environment, (config) => [...addressFaults(config), ...portFaults(config)]);
}

/** Ranges of one host must not meet: a worker, or a pipe, would find its port taken at some later time. */
function portFaults({ rtcPort, workers, pipePortMin, pipePortMax, opsPort }: NodeConfig): string[] {
  const rtcLast = rtcPort + workers - 1;
  const rtc = `RTC_PORT is ${rtcPort}, so ${workers} workers take the ports to ${rtcLast}`;
  const faults: string[] = [];
  if (pipePortMin > pipePortMax) {
    faults.push(`PIPE_PORT_MIN is ${pipePortMin}: above PIPE_PORT_MAX, which is ${pipePortMax}`);
  }
  if (rtcPort === 0) return faults;
  if (rtcLast > 65_535) faults.push(`${rtc}: the last possible one is 65535`);
  if (rtcPort <= pipePortMax && rtcLast >= pipePortMin) {
    faults.push(
      `${rtc}, and pipes have ${pipePortMin} (PIPE_PORT_MIN) to ${pipePortMax} (PIPE_PORT_MAX): they overlap`,
    );
  }
  if (opsPort >= rtcPort && opsPort <= rtcLast) faults.push(`${rtc}, and OPS_PORT is ${opsPort}, one of them`);
  return faults;
}

/** What one peer may hold at once. Generous beside any real meeting; small beside what a node could not bear. */
export const peerLimits = {
  transports: 8,
  producers: 32,
  dataProducers: 32,
  consumers: 2000,
  /** One, and another while it takes the place of the first. */
  consumersOfProducer: 2,
} as const;
