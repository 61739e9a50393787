/**
 * A terminal's Ctrl-C reaches a process more than once: from the terminal, and again from its parent. What comes
 * within this time, in ms, is the same wish.
 */
const sameWishMs = 500;

/**
 * Runs `stop` at the first SIGTERM or SIGINT and ends the process with 0 when it is done. A second signal is
 * impatience: it ends the process at once, with 1. Where the stop was called off, the process stays, and the next
 * signal is a first.
 */
export function stopOnSignals(stop: (signal: string) => Promise<'gone' | 'stays'>): void {
  let since: number | undefined;
  const onSignal = (signal: string) => {
    if (since !== undefined) {
      if (performance.now() - since > sameWishMs) process.exit(1);
      return;
    }
    since = performance.now();
    stop(signal).then(
      (outcome) => {
        if (outcome === 'gone') process.exit(0);
        since = undefined;
      },
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, onSignal);
}
