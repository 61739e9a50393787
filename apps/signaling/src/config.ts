import type { Binding, ConfigOf, Environment, GatewayId, Settings } from '@sluice/shared';
import { commonSettings, newGatewayId, readConfig, rules } from '@sluice/shared';
import * as z from 'zod';
import { iceServersSetting } from './settings/ice-servers.ts';
import { readOrigin } from './settings/origins.ts';

const origin = z.string().transform((text, context) => {
  try {
    return readOrigin(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

/** Everything that a gateway can be told, each with what is traded by turning it. */
export const gatewaySettings = {
  ...commonSettings,
  port: {
    env: 'PORT',
    schema: rules.port(8080),
    about: 'TCP port of the WebSocket and the page; 0 takes any free one',
  },
  host: { env: 'HOST', schema: rules.host('0.0.0.0'), about: 'address that clients are listened for on' },
  opsPort: {
    env: 'OPS_PORT',
    schema: rules.port(9090),
    about: 'private TCP port of /healthz, /readyz and /metrics; 0 takes any free one',
  },
  gatewayId: {
    env: 'GATEWAY_ID',
    schema: rules.name(newGatewayId).transform((id) => id as GatewayId),
    about: 'name of this gateway in logs and reports; minted when not given',
  },
  region: {
    env: 'REGION',
    schema: rules.name().optional(),
    about: 'region whose nodes are preferred for joins that name none',
  },
  placement: {
    env: 'PLACEMENT',
    schema: rules.choice(['pack', 'spread'], 'pack'),
    about: 'pack keeps a room on few nodes (fewer pipes); spread takes the node with the fewest peers',
  },
  allowNodeChoice: {
    env: 'ALLOW_NODE_CHOICE',
    schema: rules.flag(false),
    about: 'development: a join may name its node',
  },
  devPage: { env: 'DEV_PAGE', schema: rules.flag(true), about: 'whether the meeting page is served at /' },
  pageDir: {
    env: 'PAGE_DIR',
    schema: rules.optionalText(),
    about: 'folder of the built page; without it the page is built from its sources at start',
  },
  allowedOrigins: {
    env: 'ALLOWED_ORIGINS',
    schema: rules.list(origin),
    about: 'origins whose pages may connect, comma-separated, and the page that is served here; none given lets all in',
  },
  iceServers: iceServersSetting,
  actionsPerSecond: {
    env: 'ACTIONS_PER_SECOND',
    schema: rules.number({ min: 1, max: 100_000, fallback: 50 }),
    about: 'actions that one connection may send in the long run; more lets one client cost more',
  },
  actionBurst: {
    env: 'ACTION_BURST',
    schema: rules.integer({ min: 1, max: 100_000, fallback: 400 }),
    about: 'actions that one connection may send at once, before it is slowed down to ACTIONS_PER_SECOND',
  },
  maxWaitingBytes: {
    env: 'MAX_WAITING_BYTES',
    schema: rules.integer({ min: 65_536, max: 2 ** 40, fallback: 256 * 1024 * 1024 }),
    about:
      'characters of actions that may wait here, of all connections together: a bound on memory, never reached in peace',
  },
  drainSpreadMs: {
    env: 'DRAIN_SPREAD_MS',
    schema: rules.integer({ min: 0, max: 3_600_000, fallback: 5000 }),
    about: 'over how long a draining gateway sends its clients elsewhere: longer is kinder to the other gateways',
  },
  actionDeadlineMs: {
    env: 'ACTION_DEADLINE_MS',
    schema: rules.integer({ min: 100, max: 30_000, fallback: 2000 }),
    about: 'ms that an action may take; longer waits out a slow node, shorter tells a client sooner that one hangs',
  },
  behindProxy: {
    env: 'BEHIND_PROXY',
    schema: rules.flag(false),
    about: 'whether x-forwarded-for says where a client is; only where nothing but that proxy reaches the port',
  },
  maxSessions: {
    env: 'MAX_SESSIONS',
    schema: rules.integer({ min: 1, max: 1_000_000, fallback: 50_000 }),
    about: 'connections at most; further ones are answered 503 and go elsewhere',
  },
  maxSessionsPerAddress: {
    env: 'MAX_SESSIONS_PER_ADDRESS',
    schema: rules.integer({ min: 0, max: 1_000_000, fallback: 0 }),
    about:
      'connections of one address, or IPv6 /64, at most; 0 for any number: a school has one address, and so has everyone behind a proxy without BEHIND_PROXY',
  },
  unjoinedMs: {
    env: 'UNJOINED_MS',
    schema: rules.integer({ min: 100, max: 3_600_000, fallback: 10_000 }),
    about: 'ms that a connection may be in no room before it is closed; more lets idle ones take the place of others',
  },
} as const satisfies Settings;

export type GatewayConfig = ConfigOf<typeof gatewaySettings>;

/** @throws ConfigError with all that is wrong. */
export function readGatewayConfig(environment: Environment): GatewayConfig {
  return readConfig(gatewaySettings, environment, ({ port, opsPort }) =>
    port === opsPort && port !== 0 ? [`PORT and OPS_PORT are both ${port}: the private port needs one of its own`] : [],
  );
}

/** Everything that a gateway listens on. */
export function gatewayBindings({ host, port, opsHost, opsPort }: GatewayConfig): Binding[] {
  return [
    { protocol: 'tcp', host, port, hostSetting: 'HOST', portSetting: 'PORT' },
    { protocol: 'tcp', host: opsHost, port: opsPort, hostSetting: 'OPS_HOST', portSetting: 'OPS_PORT' },
  ];
}
