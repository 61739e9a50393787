import { percentile, sum } from '../bench/measure/statistics.ts';
import type { Fault } from './fault.ts';
import type { Outcome } from './trial.ts';

const whole = (value: number): string => (Number.isNaN(value) ? '–' : String(Math.round(value)));

/** p50, p95 and the most, in whole ms. */
function spreadOf(values: readonly number[]): string {
  if (values.length === 0) return '–';
  return [0.5, 0.95, 1].map((fraction) => whole(percentile(values, fraction))).join(' / ');
}

/** One run, in one line and one for each thing that went wrong. */
export function runLine(
  fault: Fault,
  run: number,
  { touched, noticedMs, differed, observedMs, ...outcome }: Outcome,
): string {
  const longest = Math.max(0, ...touched.map(({ ms }) => ms));
  const parts = [
    `longest standstill ${longest} ms`,
    ...(noticedMs === undefined ? [] : [`noticed after ${whole(noticedMs)}`]),
    `differed for ${whole(differed.ms)} ms${differed.ms > 0 ? ` (${differed.text})` : ''}`,
    ...(observedMs > 0 ? [`then watched for ${whole(observedMs / 1000)} s`] : []),
  ];
  const wrong = [...outcome.problems, ...outcome.leaks].map((what) => `\n      ${what}`).join('');
  return `${fault.id} #${run + 1} ${fault.name}: ${parts.join(', ')}${wrong}`;
}

/** For how long the first run was watched afterwards, and the longest standstill in that time. */
function laterOf(outcomes: readonly Outcome[]): string {
  const watched = outcomes.filter(({ observedMs }) => observedMs > 0);
  if (watched.length === 0) return '–';
  const [seconds, still] = [
    Math.max(...watched.map(({ observedMs }) => observedMs)) / 1000,
    Math.max(...watched.map(({ laterStandstillMs }) => laterStandstillMs)),
  ];
  return `${whole(seconds)} s: ${whole(still)}`;
}

export interface Row {
  cells: string[];
  /** Whether each run went as it should, and the bar was met. */
  good: boolean;
}

function rowOf(fault: Fault, outcomes: readonly Outcome[]): Row {
  const wrong = outcomes.filter(({ problems, leaks }) => problems.length + leaks.length > 0).length;
  const standstills = outcomes.flatMap(({ touched }) => touched.map(({ ms }) => ms));
  const lost = sum(outcomes.flatMap(({ untouched }) => untouched.map((one) => one.lost)));
  const reconnects = sum(outcomes.map((outcome) => outcome.reconnects));
  const leaks = sum(outcomes.map((outcome) => outcome.leaks.length));
  const noticed = outcomes.flatMap(({ noticedMs }) => (noticedMs === undefined ? [] : [noticedMs]));
  const missed = fault.barMs !== undefined && percentile(standstills, 0.95) > fault.barMs;
  const bar = fault.touchesMedia ? `p95 ≤ ${fault.barMs ?? '–'}${missed ? ' **missed**' : ''}` : 'no packet lost';
  const cells = [
    fault.id,
    `**${fault.name}**: ${fault.how}. Should be: ${fault.expect}.`,
    wrong === 0 ? `${outcomes.length}` : `${outcomes.length}, **${wrong} wrong**`,
    spreadOf(noticed),
    spreadOf(standstills),
    bar,
    fault.allTouched ? '–' : `${lost} / ${reconnects}`,
    whole(Math.max(...outcomes.map(({ differed }) => differed.ms))),
    laterOf(outcomes),
    String(leaks),
  ];
  return { cells, good: wrong === 0 && !missed };
}

const head = [
  '#',
  'fault',
  'runs',
  'noticed, ms: p50 / p95 / most',
  'longest standstill of media, ms: p50 / p95 / most',
  'bar',
  'elsewhere: packets lost / connections lost',
  'record, nodes and gateways differed, ms at most',
  'watched after that: longest standstill, ms',
  'left behind',
];

function tableOf(rows: readonly Row[]): string {
  return [head, head.map(() => '---'), ...rows.map(({ cells }) => cells)]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** The further figures of a fault and its problems, one line each. */
function notesOf(fault: Fault, outcomes: readonly Outcome[]): string[] {
  const names = new Set(outcomes.flatMap(({ figures }) => Object.keys(figures)));
  const figures = [...names].map((name) => {
    const values = outcomes.flatMap((outcome) => outcome.figures[name] ?? []);
    return `- ${fault.id}, ${name}: ${spreadOf(values)}`;
  });
  const wrongs = outcomes.flatMap(({ problems, leaks, seed }) =>
    [...problems, ...leaks.map((leak) => `left behind: ${leak}`)].map(
      (what) => `- **${fault.id}, seed ${seed}:** ${what}`,
    ),
  );
  return [...figures, ...wrongs];
}

/** Of those faults that were tried, in the catalogue's order. */
export function reportOf(faults: readonly Fault[], outcomes: readonly Outcome[]) {
  const runsOf = (fault: Fault): Outcome[] => outcomes.filter(({ id }) => id === fault.id);
  const tried = faults.filter((fault) => runsOf(fault).length > 0);
  const rows = tried.map((fault) => rowOf(fault, runsOf(fault)));
  const notes = tried.flatMap((fault) => notesOf(fault, runsOf(fault)));
  return { rows, table: tableOf(rows), notes: notes.join('\n') };
}
