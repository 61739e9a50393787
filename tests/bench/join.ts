// From `join` to the first frame in Chromium, and to the first packet at a native client, beside the seed's server in
// the same run.
//
//   npm run bench:join [-- --rounds N] [--quick] [--json FILE] [--document]

import { joinTable, type JoinTableOptions, summarizeJoins } from './join/cases.ts';
import { chromiumCases, measureChromium } from './join/chromium.ts';
import { measureNative, nativeCases } from './join/native.ts';
import { putIntoDocument } from './measure/document.ts';
import { describeMachine, machineLines } from './measure/machine.ts';
import { readOptions, writeJson } from './measure/options.ts';
import { asText } from './measure/table.ts';
import { startSeedServer, startSluice } from './servers.ts';

const joinsPerSecond = 50;
const options = readOptions('join', process.argv.slice(2), 25);
const native = options.quick ? { rounds: 1, joinsPerRound: 20 } : { rounds: 5, joinsPerRound: 100 };
const machine = describeMachine();

async function measure() {
  await using bare = await startSeedServer();
  // A pipe must be gone when the next viewer comes, or only the first would measure what making one takes.
  await using sluice = await startSluice({ nodes: 2, workers: 1, settings: { PIPE_IDLE_MS: '20' } });
  process.stderr.write(`native: ${native.rounds} rounds of ${native.joinsPerRound} joins …\n`);
  const byNative = await measureNative({ bare, sluice, joinsPerSecond, ...native });
  process.stderr.write(`Chromium: ${options.rounds} joins of each kind …\n`);
  const byChromium = await measureChromium({ bare, sluice, samples: options.rounds });
  return { byNative, byChromium };
}

const { byNative, byChromium } = await measure();
const tables: Record<'chromium' | 'native', JoinTableOptions> = {
  chromium: {
    title: 'Chromium, page warm: `join` sent → first decoded frame at a subscriber of a room with one publisher',
    cases: chromiumCases,
    times: byChromium.times,
    last: 'frame',
  },
  native: {
    title: `Native clients, ${joinsPerSecond} joins/s: \`join\` sent → first RTP packet at the subscriber`,
    cases: nativeCases,
    times: byNative.times,
    last: 'firstPacket',
  },
};
const printed = Object.values(tables).map(joinTable);
const failures = Object.entries(byNative.failures).map(([name, all]) => `${name} ${all.length}`);
const lines = [
  ...machineLines(machine),
  `Chromium ${byChromium.browser}; Sluice as processes over a redis-server of its own, the seed's server as one process`,
  `Native joins that failed: ${failures.join(', ')}`,
];
console.log([lines.join('\n'), ...printed.map(asText)].join('\n\n'));
await writeJson(options.json, {
  machine,
  browser: byChromium.browser,
  summary: { chromium: summarizeJoins(tables.chromium), native: summarizeJoins(tables.native) },
  times: { chromium: byChromium.times, native: byNative.times },
  failures: byNative.failures,
});
if (options.document) await putIntoDocument('join', lines, printed);
console.log(`\nAll of it: ${options.json}`);
// The native library keeps threads of its own.
process.exit(0);
