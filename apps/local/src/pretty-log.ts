import type { Logger, LogLevel } from '@sluice/shared';
import pino from 'pino';
import pretty from 'pino-pretty';

/** For people at a terminal: one coloured line an event. Servers log JSON. */
export function createPrettyLogger(level: LogLevel): Logger {
  return pino({ level, base: {} }, pretty({ ignore: 'pid,hostname,name', translateTime: 'HH:MM:ss.l', sync: true }));
}
