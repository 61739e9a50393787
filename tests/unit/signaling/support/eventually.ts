/** Polls until `check` returns something, or throws what it threw last. */
export async function eventually<T>(check: () => T | undefined | false, limitMs = 3000): Promise<T> {
  const until = performance.now() + limitMs;
  for (;;) {
    const value = check();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > until) throw new Error(`Nothing came of it within ${limitMs} ms: ${String(check)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
