// npm run chaos [-- --browser] [--only 1,7 --runs N --seed S --fast --no-observe --document --json FILE --log FILE]

import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeMachine, machineLines } from '../bench/measure/machine.ts';
import { replaceSection } from '../bench/measure/document.ts';
import { writeJson } from '../bench/measure/options.ts';
import { faultsInBrowsers } from './browser/campaign.ts';
import { browserTable } from './browser/table.ts';
import { campaign } from './campaign.ts';
import { faults } from './faults/index.ts';
import { reportOf, runLine } from './report.ts';
import type { Outcome } from './trial.ts';

const document = new URL('../../docs/reliability.md', import.meta.url);

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    runs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    fast: { type: 'boolean', default: false },
    observe: { type: 'boolean', default: true },
    browser: { type: 'boolean', default: false },
    document: { type: 'boolean', default: false },
    json: { type: 'string', default: 'bench-results/chaos.json' },
    log: { type: 'string' },
  },
  allowNegative: true,
});

/** Longer than the longest timer of the cluster, the 30 s in which a peer can be resumed. In ms. */
const observedForMs = 40_000;
/** How many stages stand at once: one is measured on, on the others nothing happens, and that is watched. */
const stages = 3;

// Leaves by way of 'exit', where each process that was started is killed.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const)
  process.once(signal, () => process.exit(code));

if (values.browser) await inBrowsers();

const wanted = values.only?.split(',');
const chosen = faults.filter(({ id, fast }) => (wanted ? wanted.includes(id) : !values.fast || fast === true));
const unknown = wanted?.filter((id) => !faults.some((fault) => fault.id === id)) ?? [];
if (unknown.length > 0) {
  console.error(`There is no fault ${unknown.join(', ')}. There are: ${faults.map(({ id }) => id).join(', ')}.`);
  process.exit(1);
}

const log = values.log === undefined ? undefined : createWriteStream(values.log);
const machine = describeMachine();
const began = performance.now();
for (const line of machineLines(machine)) console.log(line);
const total = chosen.reduce((sum, fault) => sum + (values.runs === undefined ? fault.runs : Number(values.runs)), 0);
let done = 0;
const results = await campaign({
  faults: chosen,
  stages,
  runs: values.runs === undefined ? undefined : Number(values.runs),
  seed: Number(values.seed),
  observeMs: (fault) => (values.observe ? (fault.observeMs ?? observedForMs) : 0),
  ...(log && { onLine: (name, line) => log.write(`${name} ${line}\n`) }),
  onRun(fault, run, outcome) {
    const minutes = ((performance.now() - began) / 60_000).toFixed(1);
    log?.write(`That was fault ${fault.id}, run ${run + 1}: ${outcome.problems.join('; ')}\n`);
    console.log(`${++done}/${total}, ${minutes} min: ${runLine(fault, run, outcome)}`);
  },
});

const made = [...results.values()].flat();
// What was made of the others before stays in the document.
const outcomes = wanted && values.document ? [...(await madeBefore(wanted)), ...made] : made;
const { rows, table, notes } = reportOf(faults, outcomes);
const minutes = Math.round((performance.now() - began) / 60_000);
const which = wanted ? `, of which ${wanted.join(', ')} by themselves` : ` in ${minutes} minutes`;
const about = [...machineLines(machine), `${rows.length} faults${which}, seed ${values.seed}`];
console.log(`\n${table}\n\n${notes}\n\n${about.join('\n')}`);
await writeJson(values.json, { machine, seed: values.seed, results: outcomes });
if (values.document) await putIntoDocument('chaos', [about.map((line) => `${line}  `).join('\n'), table, notes]);
process.exit(rows.every(({ good }) => good) ? 0 : 1);

async function madeBefore(but: readonly string[]): Promise<Outcome[]> {
  const { results: before } = JSON.parse(await readFile(values.json, 'utf8')) as { results: Outcome[] };
  return before.filter(({ id }) => !but.includes(id));
}

async function putIntoDocument(name: string, paragraphs: readonly string[]): Promise<void> {
  await writeFile(document, replaceSection(await readFile(document, 'utf8'), name, paragraphs.join('\n\n')));
}

async function inBrowsers(): Promise<never> {
  const on = machineLines(describeMachine());
  const figures = await faultsInBrowsers({
    runs: Number(values.runs ?? 20),
    onRun: ({ publisher, drain, gateway }) =>
      console.log(JSON.stringify({ publisher: publisher.at(-1), drain: drain.slice(-2), gateway: gateway.slice(-2) })),
  });
  const pictures = browserTable(figures);
  console.log(['', pictures, '', ...on].join('\n'));
  if (values.document) await putIntoDocument('browser', [on.map((line) => `${line}  `).join('\n'), pictures]);
  process.exit(0);
}
