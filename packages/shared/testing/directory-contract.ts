import { afterAll, beforeAll, describe } from 'vitest';
import { changePromises } from './directory/changes.ts';
import { concurrencyPromises } from './directory/concurrency.ts';
import { enterPromises } from './directory/entering.ts';
import { fencePromises } from './directory/fencing.ts';
import { lifetimePromises } from './directory/lifetime.ts';
import { outagePromises } from './directory/outage.ts';
import { readPromises } from './directory/reading.ts';
import { restorePromises } from './directory/restoring.ts';
import type { Rig } from './rig.ts';

/** What every directory promises, [DI] in SPEC.md. */
export function directoryContract(name: string, makeRig: () => Promise<Rig>): void {
  describe(`directory: ${name}`, () => {
    let rig: Rig | undefined;
    beforeAll(async () => {
      rig = await makeRig();
    });
    afterAll(() => rig?.[Symbol.asyncDispose]());
    const theRig = (): Rig => {
      if (!rig) throw new Error('The rig is made before the tests run.');
      return rig;
    };
    enterPromises(theRig);
    changePromises(theRig);
    readPromises(theRig);
    fencePromises(theRig);
    restorePromises(theRig);
    lifetimePromises(theRig);
    concurrencyPromises(theRig);
    outagePromises(theRig);
  });
}
