import { median, percentile } from '../../bench/measure/statistics.ts';

/** How long one picture stood still, at most, in ms. */
export interface Gap {
  /** Between two decoded frames. */
  decoded: number;
  /** On the page. */
  seen: number;
}

const rows = {
  base: 'nothing happens, for about three seconds',
  publisher: "`kill -9` of the publisher's node and its workers",
  viewer: "`kill -9` of the viewer's node and its workers",
  frozen: "SIGSTOP of one's node and its workers",
  drain: "SIGTERM of one's node: it is drained",
  gateway: '`kill -9` of a gateway',
} as const;

export type BrowserFigures = Record<keyof typeof rows, Gap[]> & {
  /** How long those whose gateway was killed were without a connection. */
  resumedMs: number[];
};

export const noFigures = (): BrowserFigures => ({
  base: [],
  publisher: [],
  viewer: [],
  frozen: [],
  drain: [],
  gateway: [],
  resumedMs: [],
});

export function browserTable(figures: BrowserFigures): string {
  const of = (values: readonly number[]): string =>
    [median(values), percentile(values, 0.95), percentile(values, 1)].map(Math.round).join(' / ');
  const row = (name: keyof typeof rows): string => {
    const gaps = figures[name];
    return `| ${rows[name]} | ${gaps.length} | ${of(gaps.map(({ decoded }) => decoded))} | ${of(gaps.map(({ seen }) => seen))} |`;
  };
  return [
    '| in Chromium, 640 × 360, two people who see each other | pictures | longest time between two decoded frames, ms: p50 / p95 / most | longest standstill on the page, ms: p50 / p95 / most |',
    '| --- | --- | --- | --- |',
    ...(Object.keys(rows) as (keyof typeof rows)[]).map(row),
    '',
    `- resumed by another gateway after, ms: ${of(figures.resumedMs)}`,
  ].join('\n');
}
