import type { Clock, Logger } from '@sluice/shared';
import { setLogEventListeners } from 'mediasoup';

/**
 * How many lines of one level are logged in so many ms: a client that sends garbage makes the worker warn with each
 * packet. What is beyond is counted, and how much that was is logged with the next line.
 */
const lines = { most: 20, withinMs: 10_000 } as const;

export interface WorkerLogOptions {
  log: Logger;
  clock: Clock;
  /** Counts every line. */
  onLine(level: 'warn' | 'error'): void;
}

/** What the workers warn of and write to stderr goes to the node's log. mediasoup takes one listener a process. */
export function logWorkers(options: WorkerLogOptions): void {
  setLogEventListeners({ onwarn: boundedLines(options, 'warn'), onerror: boundedLines(options, 'error') });
}

/** Writes lines of one level to the log, no more than `lines` says. */
export function boundedLines(options: WorkerLogOptions, level: 'warn' | 'error') {
  const { log, clock } = options;
  let began = Number.NEGATIVE_INFINITY;
  let logged = 0;
  let leftOut = 0;
  return (from: string, line: string): void => {
    options.onLine(level);
    const now = clock.now();
    if (now - began > lines.withinMs) [began, logged] = [now, 0];
    if (logged >= lines.most) {
      leftOut++;
      return;
    }
    log[level]({ from, ...(leftOut > 0 && { leftOut }) }, line);
    logged++;
    leftOut = 0;
  };
}
