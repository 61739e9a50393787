import pino from 'pino';

export type Logger = pino.Logger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** One JSON line an event on stdout. Tokens and keys never get there, whatever object they sit in. */
export function createLogger(options: { name: string; level: LogLevel; base?: Record<string, string> }): Logger {
  return pino({
    name: options.name,
    level: options.level,
    base: options.base ?? {},
    redact: {
      paths: ['token', 'resumeToken', 'resumeHash', '*.token', '*.resumeToken', '*.resumeHash', '*.srtpParameters'],
      censor: '[redacted]',
    },
    serializers: { error: pino.stdSerializers.err },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}

export const silentLogger: Logger = pino({ level: 'silent' });
