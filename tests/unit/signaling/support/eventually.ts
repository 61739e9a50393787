import { eventually as named } from '@sluice/shared/testing';

/** As the shared one, often enough for what takes microseconds, and named by its own text. */
export function eventually<T>(check: () => T | Promise<T>, withinMs = 8000) {
  return named(String(check), check, { withinMs, everyMs: 2 });
}
