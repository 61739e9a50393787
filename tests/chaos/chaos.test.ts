import { afterAll, beforeAll, expect, it } from 'vitest';
import { attempt } from './campaign.ts';
import { faults } from './faults/index.ts';
import { Stage } from './stage.ts';

/** The quick ones of `npm run chaos`, once each; how long things take is that command's to say, and no test's. */
const fast = faults.filter((fault) => fault.fast);

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage[Symbol.asyncDispose]());

it.each(fast.map((fault) => [fault.id, fault.name, fault] as const))('[CH%s] %s', async (_id, _name, fault) => {
  const { problems, leaks, untouched, reconnects } = await attempt(stage, fault, 1);
  expect({ problems, leaks, reconnects }).toEqual({ problems: [], leaks: [], reconnects: 0 });
  expect(untouched.map(({ lost }) => lost)).toEqual(untouched.map(() => 0));
});
