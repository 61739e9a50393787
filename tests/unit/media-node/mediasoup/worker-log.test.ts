import { createLogger } from '@sluice/shared';
import { ManualClock } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { boundedLines } from '../../../../apps/media-node/src/mediasoup/worker-log.ts';

test('[NO44] of many warnings of a worker some are logged, all are counted, and what was left out is said', async () => {
  const clock = new ManualClock();
  const log = createLogger({ name: 'test', level: 'silent' });
  const logged: [object, string][] = [];
  log.warn = ((fields: object, line: string) => void logged.push([fields, line])) as typeof log.warn;
  let counted = 0;
  const write = boundedLines({ log, clock, onLine: () => void counted++ }, 'warn');
  for (let index = 0; index < 1000; index++) write('Channel', `warning ${index}`);
  expect([logged.length, counted]).toEqual([20, 1000]);
  await clock.advance(10_001);
  write('Channel', 'later');
  expect(logged.at(-1)).toEqual([{ from: 'Channel', leftOut: 980 }, 'later']);
});
