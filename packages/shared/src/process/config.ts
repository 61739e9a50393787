import * as z from 'zod';

/** A setting: the environment variable it is read from, the rule it must keep, and a sentence for the reader. */
export interface Setting<T extends z.ZodType = z.ZodType> {
  env: string;
  schema: T;
  /** What it does, and what is traded by making it larger or smaller. */
  about: string;
  /** Never printed. */
  secret?: boolean;
}

export type Settings = Record<string, Setting>;
export type ConfigOf<S extends Settings> = { -readonly [K in keyof S]: z.output<S[K]['schema']> };
export type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with a configuration, at once. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/**
 * Reads every setting once. Missing and wrong ones are collected and thrown together as a `ConfigError`; so is what
 * `disagreements` finds between settings that are each right.
 */
export function readConfig<S extends Settings>(
  settings: S,
  environment: Environment,
  disagreements: (config: ConfigOf<S>) => string[] = () => [],
): ConfigOf<S> {
  const faults: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const raw = environment[setting.env];
    const parsed = setting.schema.safeParse(raw === '' ? undefined : raw);
    if (parsed.success) config[name] = parsed.data;
    else faults.push(describeFault(setting, raw, parsed.error));
  }
  if (faults.length === 0) faults.push(...disagreements(config as ConfigOf<S>));
  if (faults.length > 0) throw new ConfigError(faults);
  return config as ConfigOf<S>;
}

/** The configuration as it may be logged. */
export function printableConfig<S extends Settings>(settings: S, config: ConfigOf<S>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, { secret }]) => {
      const value = config[name as keyof S];
      return [name, secret && value !== undefined ? '[set]' : withoutPassword(value)];
    }),
  );
}

function describeFault(setting: Setting, raw: string | undefined, error: z.ZodError): string {
  const problem = error.issues.map((issue) => issue.message).join('; ');
  const given = raw === undefined ? 'is missing' : setting.secret ? 'is wrong' : `is ${JSON.stringify(raw)}`;
  return `${setting.env} ${given}: ${problem} (${setting.about})`;
}

function withoutPassword(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/(\/\/[^:/@]*:)[^@/]+@/, '$1***@') : value;
}

/** `Number` alone would read a blank as 0 and `0x7` as 7. */
const decimal = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/, 'not a number')
  .transform(Number);

/** Rules that settings share. */
export const rules = {
  text: (fallback?: string) => withDefault(z.string().min(1).max(256), fallback),
  /** What a process or a region is called: it stands in the names of channels, in reports and in metrics. */
  name: (fallback?: () => string) =>
    withDefault(
      z
        .string()
        .max(64)
        .regex(/^[A-Za-z0-9_.-]+$/),
      fallback,
    ),
  ip: (fallback?: string) => withDefault(z.union([z.ipv4(), z.ipv6()], 'not an IP address'), fallback),
  integer: (bounds: { min: number; max: number; fallback?: number }) =>
    withDefault(decimal.pipe(z.int().min(bounds.min).max(bounds.max)), bounds.fallback),
  number: (bounds: { min: number; max: number; fallback?: number }) =>
    withDefault(decimal.pipe(z.number().min(bounds.min).max(bounds.max)), bounds.fallback),
  flag: (fallback: boolean) =>
    z
      .enum(['true', 'false', '1', '0'])
      .optional()
      .transform((value) => (value === undefined ? fallback : value === 'true' || value === '1')),
  choice: <const T extends readonly [string, ...string[]]>(options: T, fallback: T[number]) =>
    z
      .enum(options)
      .optional()
      .transform((value) => value ?? fallback),
  optionalText: () => z.string().min(1).max(2048).optional(),
  list: () =>
    z
      .string()
      .optional()
      .transform((value) =>
        (value ?? '')
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      ),
  logLevel: () => rules.choice(['info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent'], 'info'),
} as const;

function withDefault<T extends string | number>(
  schema: z.ZodType<T>,
  fallback: T | (() => T) | undefined,
): z.ZodType<T> {
  if (fallback === undefined) return schema;
  return schema.optional().transform((value) => value ?? (typeof fallback === 'function' ? fallback() : fallback));
}

/** The address of the Redis that bus and directory are on, in any form that `readRedisTarget` knows. */
export const redisUrlSetting = {
  env: 'REDIS_URL',
  schema: withDefault(
    z.string().regex(/^rediss?(\+sentinel|\+cluster)?:\/\//, 'redis://, redis+sentinel:// or redis+cluster://'),
    'redis://127.0.0.1:6379',
  ),
  about: 'where the bus and the directory are; rediss for TLS',
} as const;

/** How long a process that is silent counts as alive. */
export const leaseSetting = {
  env: 'LEASE_MS',
  schema: rules.integer({ min: 500, max: 60_000, fallback: 2000 }),
  about:
    'ms that a silent process counts as alive, heard from four times as often; shorter finds frozen hosts sooner, longer forgives busy ones; the same in the whole cluster',
} as const;
