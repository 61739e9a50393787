import { isIP } from 'node:net';
import * as z from 'zod';

/** `Number` alone would read a blank as 0 and `0x7` as 7. */
const decimal = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/, 'not a number')
  .transform(Number);

const hostName =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}(?<!-))?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}(?<!-))?)*\.?$/;
const isHost = (text: string): boolean => isIP(text) !== 0 || (hostName.test(text) && !/^[\d.]+$/.test(text));
const isOneLine = (text: string): boolean => text.trim() === text && !/\p{Cc}/u.test(text);

/** Rules that settings share. */
export const rules = {
  text: (fallback?: string) => withDefault(z.string().max(256).refine(isOneLine, oneLine), fallback),
  /** What a process or a region is called: it stands in the names of channels, in reports and in metrics. */
  name: (fallback?: () => string) =>
    withDefault(
      z
        .string()
        .max(64)
        .regex(/^[A-Za-z0-9_.-]+$/, 'letters, digits, _, . and - only'),
      fallback,
    ),
  ip: (fallback?: string) => withDefault(z.string().refine(isIpAddress, 'not an IP address'), fallback),
  /** An IP address or a name. */
  host: (fallback?: string) =>
    withDefault(z.string().refine(isHost, 'neither an IP address nor a host name'), fallback),
  integer: (bounds: { min: number; max: number; fallback?: number }) =>
    withDefault(decimal.pipe(z.int().min(bounds.min).max(bounds.max)), bounds.fallback),
  number: (bounds: { min: number; max: number; fallback?: number }) =>
    withDefault(decimal.pipe(z.number().min(bounds.min).max(bounds.max)), bounds.fallback),
  port: (fallback: number) => rules.integer({ min: 0, max: 65_535, fallback }),
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
  optionalText: () => z.string().max(2048).refine(isOneLine, oneLine).optional(),
  /** Items with commas between them; empty ones don't count. */
  list: <T>(item: z.ZodType<T>) =>
    z
      .string()
      .optional()
      .transform((value) => splitList(value ?? ''))
      .pipe(z.array(item) as unknown as z.ZodType<T[], string[]>),
  logLevel: () => rules.choice(['info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent'], 'info'),
} as const;

const oneLine = 'white space around it, or a control character in it';

function isIpAddress(text: string): boolean {
  // A zone (`fe80::1%eth0`) means something on one host only, and mediasoup knows none.
  return isIP(text) !== 0 && !text.includes('%');
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

export function withDefault<T extends string | number>(
  schema: z.ZodType<T>,
  fallback: T | (() => T) | undefined,
): z.ZodType<T> {
  if (fallback === undefined) return schema;
  return schema.optional().transform((value) => value ?? (typeof fallback === 'function' ? fallback() : fallback));
}
