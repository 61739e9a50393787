import { beforeAll, expect, it } from 'vitest';
import { campaign } from './campaign.ts';
import type { Fault } from './fault.ts';
import { faults } from './faults/index.ts';
import type { Outcome } from './trial.ts';

/** The quick ones of `npm run chaos`, once each; how long things take is that command's to say, and no test's. */
const fast = faults.filter((fault) => fault.fast);
/** Each waits for those before it, and some are watched for a minute. */
const timeoutMs = 900_000;

const outcomes = new Map(fast.map(({ id }) => [id, Promise.withResolvers<Outcome>()]));
let all: Promise<Map<Fault, Outcome[]>>;

beforeAll(() => {
  all = campaign({
    faults: fast,
    stages: 3,
    runs: 1,
    seed: 1,
    observeMs: ({ observeMs = 0 }) => observeMs,
    onRun: ({ id }, _run, outcome) => outcomes.get(id)?.resolve(outcome),
  });
  // Each test hears of it.
  all.catch(() => undefined);
});

it.each(fast.map(({ id, name }) => [id, name] as const))(
  '[CH%s] %s',
  async (id) => {
    const outcome = await Promise.race([outcomes.get(id)?.promise, all.then(() => undefined)]);
    const { problems, leaks, reconnects, untouched } = outcome ?? { problems: ['it was not done'] };
    expect({ problems, leaks, reconnects }).toEqual({ problems: [], leaks: [], reconnects: 0 });
    expect(untouched?.filter(({ lost }) => lost > 0)).toEqual([]);
  },
  timeoutMs,
);

it(
  'every stage is taken down again',
  async () => {
    await expect(all).resolves.toHaveProperty('size', fast.length);
  },
  timeoutMs,
);
