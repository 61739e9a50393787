import type { Machine } from '../measure/machine.ts';
import { median, type Spread, spread, sum } from '../measure/statistics.ts';
import { figure, ratio, type Table } from '../measure/table.ts';
import { type CaseName, caseNames, cases } from './cases.ts';
import type { Ceiling } from './ceiling.ts';
import type { Volley } from './volley.ts';

export type Rounds = Record<string, Volley[]>[];

export interface CaseSummary {
  /** CPU of all its workers for a packet that they sent to a viewer, in µs: one value a round. */
  microseconds: Spread;
  /** Of each worker alone. */
  byWorker: Spread[];
  instructions?: Spread;
  /** To the yardstick, round by round; by instructions where they are counted. */
  ratio?: Spread;
  bar?: number;
  packetsPerSecond: number;
  /** Shares of the packets due: those that never reached the first worker, and those lost on the way to a viewer. */
  lostBefore: number;
  lostAfter: number;
  /** Cores that the generator used, of 1. */
  generatorLoad: number;
}

export interface ForwardResult {
  machine: Machine;
  load: { viewers: number; packetsPerSecond: number; seconds: number; volleys: number; packetBytes: number };
  cores: { workers: number[]; rest: number[] } | undefined;
  srtpProfiles: Record<string, number>;
  ceiling: Ceiling;
  summary: Record<string, CaseSummary>;
  rounds: Rounds;
}

type Cost = (volley: Volley) => number;
const cpuOf: Cost = ({ workers }) => sum(workers.map(({ cpuMicroseconds }) => cpuMicroseconds));
const instructionsOf: Cost = ({ workers }) => sum(workers.map(({ instructions }) => instructions ?? Number.NaN));

/** For a packet sent to a viewer, in one round: all its volleys together, so that a longer one counts for more. */
function perPacket(volleys: readonly Volley[], cost: Cost): number {
  return sum(volleys.map(cost)) / sum(volleys.map(({ forwarded }) => forwarded));
}

export function summarize(rounds: Rounds, perf: boolean): Record<string, CaseSummary> {
  return Object.fromEntries(caseNames.map((name) => [name, summarizeCase(name, rounds, perf)]));
}

function summarizeCase(name: CaseName, rounds: Rounds, perf: boolean): CaseSummary {
  const own = rounds.map((round) => round[name] ?? []);
  const all = own.flat();
  const { beside } = cases[name];
  const cost = perf ? instructionsOf : cpuOf;
  const ratios = rounds.map((round, index) => {
    return beside ? perPacket(own[index] ?? [], cost) / perPacket(round[beside.yardstick] ?? [], cost) : 1;
  });
  const due = sum(all.map((volley) => volley.due));
  const forwarded = sum(all.map((volley) => volley.forwarded));
  const milliseconds = sum(all.map((volley) => volley.milliseconds));
  const workers = all[0]?.workers ?? [];
  return {
    microseconds: spread(own.map((volleys) => perPacket(volleys, cpuOf))),
    byWorker: workers.map((_, at) =>
      spread(own.map((volleys) => perPacket(volleys, (volley) => volley.workers[at]?.cpuMicroseconds ?? 0))),
    ),
    ...(perf && { instructions: spread(own.map((volleys) => perPacket(volleys, instructionsOf))) }),
    ...(beside && { ratio: spread(ratios) }),
    ...(beside?.bar !== undefined && { bar: beside.bar }),
    packetsPerSecond: (forwarded / milliseconds) * 1000,
    lostBefore: 1 - forwarded / due,
    lostAfter: 1 - sum(all.map(({ arrived }) => arrived)) / forwarded,
    generatorLoad: sum(all.map(({ generatorMicroseconds }) => generatorMicroseconds)) / 1000 / milliseconds,
  };
}

export function forwardTables(result: ForwardResult): Table[] {
  return [costTable(result), conditionsTable(result)];
}

function costTable({ summary, load, rounds, machine }: ForwardResult): Table {
  const counted = machine.counter?.startsWith('perf') ?? false;
  const rows = caseNames.map((name) => {
    const it = summary[name];
    if (!it) return [cases[name].title];
    const { microseconds, byWorker, instructions } = it;
    return [
      cases[name].title,
      range(microseconds, figure),
      byWorker.length > 1 ? byWorker.map((one) => figure(one.median)).join(' + ') : '',
      ...(counted ? [instructions ? range(instructions, (value) => value.toFixed(0)) : ''] : []),
      it.ratio ? range(it.ratio, ratio) : '',
      it.bar === undefined ? '' : `≤ ${it.bar}`,
      it.ratio && it.bar !== undefined ? (it.ratio.median <= it.bar ? 'met' : 'missed') : '',
    ];
  });
  const title =
    `Worker CPU for a packet of ${load.packetBytes} bytes sent to a viewer: ` +
    `median (min–max) of ${rounds.length} rounds of ${load.volleys} × ${load.seconds} s`;
  const instructions = counted ? ['instructions'] : [];
  const head = ['', 'µs', 'origin + far worker', ...instructions, `ratio${counted ? ', instructions' : ''}`, 'bar', ''];
  return { title, head, rows };
}

const range = ({ median: middle, min, max }: Spread, show: (value: number) => string) =>
  `${show(middle)} (${show(min)}–${show(max)})`;

function conditionsTable({ summary, load, ceiling, srtpProfiles, cores }: ForwardResult): Table {
  const shown = caseNames.flatMap((name) => (summary[name] ? [{ title: cases[name].title, ...summary[name] }] : []));
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  const rows = shown.map((it) => [
    it.title,
    it.packetsPerSecond.toFixed(0),
    percent(it.lostBefore),
    percent(it.lostAfter),
    `${(it.generatorLoad * 100).toFixed(0)} %`,
  ]);
  const profiles = Object.entries(srtpProfiles).map(([profile, count]) => `${profile} (${count} handshakes)`);
  const pinned = cores
    ? `workers on core ${cores.workers.join(', ')}, all else on ${cores.rest.join(', ')}`
    : 'not pinned';
  const busiest = median(shown.map(({ generatorLoad }) => generatorLoad));
  const title =
    `The conditions: one publisher of ${load.packetsPerSecond} packets/s, ${load.viewers} viewers; ` +
    `SRTP ${profiles.join(', ')}; ${pinned}; the generator alone, sending and receiving: ` +
    `${ceiling.packetsPerSecond.toFixed(0)} packets/s at ${figure(ceiling.microsecondsPerPacket)} µs, ` +
    `here at ${(busiest * 100).toFixed(0)} % of a core`;
  return { title, head: ['', 'packets/s sent', 'lost before', 'lost after', 'generator'], rows };
}
