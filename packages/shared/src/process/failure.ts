import { inspect } from 'node:util';
import type { Logger } from '../base/logging.ts';
import { ConfigError } from './config.ts';

/** Why a process ends: the faults of its settings, or else each cause on a line, and the stack of the first. */
export function describeFailure(error: unknown): string {
  const causes = chainOf(error);
  const settings = causes.find((cause) => cause instanceof ConfigError);
  if (settings) return settings.message;
  const [innermost] = causes.slice(-1);
  return [...causes.map(messageOf), ...(innermost?.stack?.split('\n').slice(1) ?? [])].join('\n');
}

const messageOf = ({ message }: Error, index: number): string => (index === 0 ? message : `  because: ${message}`);

/** The error and what caused it, outermost first. */
function chainOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let next: unknown = error; next !== undefined && causes.length < 10; ) {
    const cause = next instanceof Error ? next : new Error(inspect(next));
    causes.push(cause);
    next = cause.cause;
  }
  return causes;
}

/** A fault that no code expected ends the process with 1, and a line in the log says what it was. */
export function endOnFaults(log: Logger): void {
  const end = (error: unknown): void => {
    log.fatal({ error }, 'An unexpected fault ends this process.');
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
