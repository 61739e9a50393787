// What a forwarded packet costs the workers, beside bare mediasoup in the same run.
//
//   npm run bench:forward [-- --rounds N] [--quick] [--json FILE] [--document] [--no-pin]

import { type Case, caseNames } from './forward/cases.ts';
import { generatorCeiling } from './forward/ceiling.ts';
import { type ForwardResult, forwardTables, summarize } from './forward/report.ts';
import { startRig } from './forward/rig.ts';
import { fire, type Volley, warmUp } from './forward/volley.ts';
import { putIntoDocument } from './measure/document.ts';
import { countsInstructions, describeMachine, machineLines } from './measure/machine.ts';
import { readOptions, writeJson } from './measure/options.ts';
import { coresToPin, pin } from './measure/processes.ts';
import { asText } from './measure/table.ts';
import { watchSrtpProfiles } from './native/connection.ts';

const options = readOptions('forward', process.argv.slice(2), 5);
const load = options.quick
  ? { viewers: 4, packetsPerSecond: 200, seconds: 1, volleys: 1, packetBytes: 1200 }
  : { viewers: 40, packetsPerSecond: 500, seconds: 3, volleys: 3, packetBytes: 1200 };

const perf = countsInstructions();
const cores = options.pin ? coresToPin() : undefined;
const machine = describeMachine(perf ? 'perf, instructions' : "the scheduler's clock");
const profiles = watchSrtpProfiles();
// Whatever is started from here on begins on these cores; the workers are moved to theirs when they are there.
if (cores) pin(process.pid, cores.rest);

/** Forwards through one case after the other, in turns, so that what the host does meanwhile meets them all. */
async function takeTurns(cases: readonly Case[]): Promise<Map<Case, Volley[]>> {
  const volleys = new Map<Case, Volley[]>(cases.map((one) => [one, []]));
  for (let turn = 0; turn < load.volleys; turn++) {
    for (const one of turn % 2 === 0 ? cases : cases.toReversed()) {
      volleys.get(one)?.push(await fire(one, { ...load, perf }));
    }
  }
  return volleys;
}

async function round(): Promise<Record<string, Volley[]>> {
  await using rig = await startRig(load);
  if (cores) for (const pid of rig.cases.flatMap(({ workers }) => workers)) pin(pid, cores.workers);
  for (const one of rig.cases) await warmUp(one, load.packetsPerSecond);
  const volleys = await takeTurns(rig.cases);
  return Object.fromEntries([...volleys].map(([one, fired]) => [one.name, fired]));
}

const ceiling = await generatorCeiling({ pairs: 4, packetBytes: load.packetBytes, seconds: options.quick ? 1 : 3 });
const rounds: Record<string, Volley[]>[] = [];
for (let count = 1; count <= options.rounds; count++) {
  process.stderr.write(`round ${count} of ${options.rounds}: ${caseNames.length} cases …\n`);
  rounds.push(await round());
}

const result: ForwardResult = {
  machine,
  load,
  cores,
  srtpProfiles: Object.fromEntries(profiles),
  ceiling,
  summary: summarize(rounds, perf),
  rounds,
};
const tables = forwardTables(result);
console.log([machineLines(machine).join('\n'), ...tables.map(asText)].join('\n\n'));
await writeJson(options.json, result);
if (options.document) await putIntoDocument('forward', machineLines(machine), tables);
console.log(`\nAll of it: ${options.json}`);
// The native library keeps threads of its own.
process.exit(0);
