import { Lifecycle, silentLogger, type Step } from '@sluice/shared';
import { describe, expect, it, vi } from 'vitest';

function recording(names: string[], faults: Record<string, () => Promise<void>> = {}) {
  const said: string[] = [];
  const steps: Step[] = names.map((name) => ({
    name,
    async start() {
      said.push(`start ${name}`);
      await faults[`start ${name}`]?.();
    },
    async stop() {
      said.push(`stop ${name}`);
      await faults[`stop ${name}`]?.();
    },
  }));
  return { said, steps };
}

const never = () => new Promise<void>(() => undefined);

it('[NO22] steps start in order and stop in reverse, once', async () => {
  const { said, steps } = recording(['a', 'b', 'c']);
  const lifecycle = new Lifecycle(silentLogger);
  await lifecycle.start(steps);
  await Promise.all([lifecycle.stop(), lifecycle.stop()]);
  expect(said).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
});

it('[NO22] a step that fails to start stops those before it, and is named', async () => {
  const { said, steps } = recording(['a', 'b', 'c'], { 'start b': () => Promise.reject(new Error('taken')) });
  const lifecycle = new Lifecycle(silentLogger);
  await expect(lifecycle.start(steps)).rejects.toMatchObject({
    message: 'Could not start b.',
    cause: { message: 'taken' },
  });
  expect(said).toEqual(['start a', 'start b', 'stop a']);
});

it('[NO22] a step that fails to stop keeps no other from stopping', async () => {
  const { said, steps } = recording(['a', 'b'], { 'stop b': () => Promise.reject(new Error('stuck')) });
  const lifecycle = new Lifecycle(silentLogger);
  await lifecycle.start(steps);
  await lifecycle.stop();
  expect(said.slice(2)).toEqual(['stop b', 'stop a']);
});

describe('time limits', () => {
  it('[NO22] a step that hangs at its start is given up, by name', async () => {
    vi.useFakeTimers();
    try {
      const { said, steps } = recording(['a', 'b'], { 'start b': never });
      const started = new Lifecycle(silentLogger).start(steps);
      const refused = started.catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await refused).toMatchObject({ cause: { message: expect.stringContaining('starting b') } });
      expect(said.at(-1)).toBe('stop a');
    } finally {
      vi.useRealTimers();
    }
  });

  it('[NO22] a step that hangs at its end is given up, and the others stop', async () => {
    vi.useFakeTimers();
    try {
      const { said, steps } = recording(['a', 'b'], { 'stop b': never });
      const lifecycle = new Lifecycle(silentLogger);
      await lifecycle.start(steps);
      const stopped = lifecycle.stop();
      await vi.advanceTimersByTimeAsync(10_000);
      await stopped;
      expect(said.at(-1)).toBe('stop a');
    } finally {
      vi.useRealTimers();
    }
  });

  it('[NO6] a step that waits for another machine is waited for as long as that takes', async () => {
    vi.useFakeTimers();
    try {
      const gate = Promise.withResolvers<void>();
      const { said, steps } = recording(['a', 'b', 'c'], { 'start b': () => gate.promise });
      const patient = steps.map((step) => (step.name === 'b' ? { ...step, waits: true } : step));
      const started = new Lifecycle(silentLogger).start(patient);
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect(said.at(-1)).toBe('start b');
      gate.resolve();
      await started;
      expect(said.at(-1)).toBe('start c');
    } finally {
      vi.useRealTimers();
    }
  });
});
