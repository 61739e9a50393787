import type { Fault } from './fault.ts';
import { Leaks } from './leaks.ts';
import { Stage } from './stage.ts';
import { type Outcome, tryOnce } from './trial.ts';

export interface CampaignOptions {
  faults: readonly Fault[];
  /** How often each; without it as often as the fault itself says. */
  runs: number | undefined;
  seed: number;
  /** Hears what the processes log. */
  onLine?: (name: string, line: string) => void;
  onRun: (fault: Fault, run: number, outcome: Outcome) => void;
}

/** Does each fault so many times. A stage on which something went wrong, or of which something is left, is not used again. */
export async function campaign({ faults, runs, seed, onLine, onRun }: CampaignOptions): Promise<Map<Fault, Outcome[]>> {
  const results = new Map<Fault, Outcome[]>();
  let stage: Stage | undefined;
  let shape: Fault['stage'];
  const renew = async (wanted: Fault['stage']): Promise<Stage> => {
    await stage?.[Symbol.asyncDispose]();
    stage = await Stage.start(wanted, onLine);
    shape = wanted;
    return stage;
  };
  try {
    for (const fault of faults) {
      const outcomes: Outcome[] = [];
      results.set(fault, outcomes);
      for (let run = 0; run < (runs ?? fault.runs); run++) {
        const current = stage && shape === fault.stage ? stage : await renew(fault.stage);
        const outcome = await attempt(current, fault, seed + run);
        outcomes.push(outcome);
        onRun(fault, run, outcome);
        if (outcome.problems.length > 0 || outcome.leaks.length > 0) await renew(fault.stage);
      }
    }
  } finally {
    await stage?.[Symbol.asyncDispose]();
  }
  return results;
}

const leaks = new WeakMap<Stage, Leaks>();

function leaksOf(stage: Stage): Leaks {
  const known = leaks.get(stage) ?? new Leaks(stage);
  leaks.set(stage, known);
  return known;
}

/** One run, and what is left after it. Whatever goes wrong is part of its outcome. */
export async function attempt(stage: Stage, fault: Fault, seed: number): Promise<Outcome> {
  let outcome: Outcome;
  try {
    outcome = await tryOnce(stage, fault, seed);
    await stage.heal();
    outcome.leaks = await leaksOf(stage).find();
  } catch (error) {
    const problems = [error instanceof Error ? error.message : String(error)];
    const nothing = { touched: [], untouched: [], reconnects: 0, noticedMs: undefined, leaks: [], figures: {} };
    outcome = { id: fault.id, seed, problems, ...nothing };
  }
  return outcome;
}
