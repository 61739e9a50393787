import type * as z from 'zod';

/** A setting: the environment variable it is read from, the rule it must keep, and a sentence for the reader. */
export interface Setting<T extends z.ZodType = z.ZodType> {
  env: string;
  schema: T;
  /** What it does, and what is traded by making it larger or smaller. */
  about: string;
  /** It may hold a secret: neither a right nor a wrong value of it is printed as it was given. */
  secret?: boolean;
  /** Of a secret one: what may be printed of a right value. Without it, that it is set. */
  print?: (value: never) => unknown;
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
 * Reads every setting once. An empty one counts as not set. Missing and wrong ones are collected and thrown together as
 * a `ConfigError`; so is what `disagreements` finds between settings that are each right.
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
    Object.entries(settings).map(([name, setting]) => [name, printable(setting, config[name as keyof S])]),
  );
}

function printable({ secret, print }: Setting, value: unknown): unknown {
  if (value === undefined) return undefined;
  if (print) return print(value as never);
  return secret ? '[set]' : value;
}

function describeFault(setting: Setting, raw: string | undefined, error: z.ZodError): string {
  const problem = error.issues.map(({ path, message }) => [...path, message].join(': ')).join('; ');
  const given = raw === undefined ? 'is missing' : isHarmless(setting, raw) ? `is ${JSON.stringify(raw)}` : 'is wrong';
  return `${setting.env} ${given}: ${problem} (${setting.about})`;
}

/** A value that was given to the wrong setting may be a secret too: an address with a password is not repeated. */
function isHarmless({ secret }: Setting, raw: string): boolean {
  return !secret && raw.length <= 100 && !/[@=]|:\/\//.test(raw);
}
