import type { Fault } from './fault.ts';
import { Leaks } from './leaks.ts';
import type { Stage } from './stage.ts';
import { StagePool, type StagePoolOptions } from './stage-pool.ts';
import { type Outcome, Trial } from './trial.ts';

export interface CampaignOptions extends StagePoolOptions {
  faults: readonly Fault[];
  /** How often each; without it as often as the fault itself says. */
  runs?: number | undefined;
  seed: number;
  /** For how long the first run of each is watched after all is well again, in ms. */
  observeMs: (fault: Fault) => number;
  onRun: (fault: Fault, run: number, outcome: Outcome) => void;
}

/**
 * Does each fault so many times, one after the other, so that none disturbs what another measures. The rest (watching,
 * leaving, looking for leaks) goes on beside the next faults, on its own stage.
 */
export async function campaign(options: CampaignOptions): Promise<Map<Fault, Outcome[]>> {
  const { faults, runs, seed, observeMs, onRun } = options;
  const results = new Map<Fault, Outcome[]>(faults.map((fault) => [fault, []]));
  const rest: Promise<void>[] = [];
  await using pool = new StagePool(options);
  for (const fault of faults) {
    for (let run = 0; run < (runs ?? fault.runs); run++) {
      const stage = await pool.take(fault.stage);
      const trial = new Trial(stage, fault, seed + run);
      const done = trial.run();
      if (!fault.aside) await done;
      const watchedMs = run === 0 ? observeMs(fault) : 0;
      const finish = async (): Promise<void> => {
        await done;
        const good = await finishTrial(stage, trial, watchedMs);
        results.get(fault)?.push(trial.outcome);
        onRun(fault, run, trial.outcome);
        await pool.give(stage, { good });
      };
      rest.push(finish());
    }
  }
  await Promise.all(rest);
  return results;
}

/** Resolves to whether all was as it should be. */
async function finishTrial(stage: Stage, trial: Trial, watchedMs: number): Promise<boolean> {
  const { outcome } = trial;
  if (watchedMs > 0) await trial.observe(watchedMs);
  await trial.end();
  outcome.leaks = await leaksOf(stage)
    .find()
    .catch((error: unknown) => [`leaks could not be looked for: ${String(error)}`]);
  return outcome.problems.length + outcome.leaks.length === 0;
}

const leaks = new WeakMap<Stage, Leaks>();

function leaksOf(stage: Stage): Leaks {
  const known = leaks.get(stage) ?? new Leaks(stage);
  leaks.set(stage, known);
  return known;
}
