import { percentile } from '../measure/statistics.ts';
import { figure, ratio, type Table } from '../measure/table.ts';

export interface JoinCase {
  title: string;
  beside?: { yardstick: string; bar: number };
}

export interface JoinSummary {
  samples: number;
  /** Of the whole way, in ms. */
  p50: number;
  p95: number;
  max: number;
  /** Medians of the stages on the way, in ms since `join`. */
  stages: Record<string, number>;
  /** To the yardstick's. */
  ratio?: { p50: number; p95: number };
  bar?: number;
}

/** Times of one join by stage, in ms since `join` was sent; `last` names the one that ends it. */
type Times = Record<string, number>;

export interface JoinTableOptions {
  title: string;
  cases: Record<string, JoinCase>;
  times: Record<string, readonly object[]>;
  /** The stage that ends a join. */
  last: string;
}

export function summarizeJoins({ cases, times, last }: JoinTableOptions): Record<string, JoinSummary> {
  const whole = (name: string) => (times[name] ?? []).map((one) => (one as Times)[last] ?? Number.NaN);
  return Object.fromEntries(
    Object.entries(cases).map(([name, { beside }]) => {
      const own = whole(name);
      const yardstick = beside ? whole(beside.yardstick) : [];
      const against = (fraction: number) => percentile(own, fraction) / percentile(yardstick, fraction);
      const summary: JoinSummary = {
        samples: own.length,
        p50: percentile(own, 0.5),
        p95: percentile(own, 0.95),
        max: percentile(own, 1),
        stages: medians((times[name] ?? []) as Times[]),
        ...(beside && { ratio: { p50: against(0.5), p95: against(0.95) }, bar: beside.bar }),
      };
      return [name, summary];
    }),
  );
}

function medians(times: readonly Times[]): Times {
  const stages = Object.keys(times[0] ?? {});
  return Object.fromEntries(
    stages.map((stage) => [
      stage,
      percentile(
        times.map((one) => one[stage] ?? NaN),
        0.5,
      ),
    ]),
  );
}

export function joinTable(options: JoinTableOptions): Table {
  const summaries = summarizeJoins(options);
  const stages = Object.keys(Object.values(summaries)[0]?.stages ?? {});
  const rows = Object.entries(options.cases).map(([name, { title }]) => {
    const it = summaries[name];
    if (!it) return [title];
    const { ratio: to, bar } = it;
    return [
      title,
      String(it.samples),
      figure(it.p50),
      figure(it.p95),
      figure(it.max),
      to ? `${ratio(to.p50)} / ${ratio(to.p95)}` : '',
      bar === undefined ? '' : `≤ ${bar}`,
      to && bar !== undefined ? verdict(to, bar) : '',
      stages.map((stage) => figure(it.stages[stage] ?? NaN)).join(' · '),
    ];
  });
  const head = ['', 'joins', 'p50 ms', 'p95 ms', 'max', 'ratio p50 / p95', 'bar', '', stages.join(' · ')];
  return { title: options.title, head, rows };
}

function verdict({ p50, p95 }: { p50: number; p95: number }, bar: number): string {
  if (p50 <= bar && p95 <= bar) return 'met';
  return p50 <= bar ? 'p95 missed' : 'missed';
}
