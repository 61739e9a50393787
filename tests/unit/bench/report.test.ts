import { describe, expect, test } from 'vitest';
import { caseNames } from '../../bench/forward/cases.ts';
import { summarize } from '../../bench/forward/report.ts';
import type { Volley } from '../../bench/forward/volley.ts';
import { joinTable, summarizeJoins } from '../../bench/join/cases.ts';
import { replaceSection } from '../../bench/measure/document.ts';
import { asMarkdown, asText, figure } from '../../bench/measure/table.ts';

const volley = (microseconds: number[], forwarded = 100): Volley => ({
  workers: microseconds.map((cpuMicroseconds) => ({ cpuMicroseconds })),
  generatorMicroseconds: 0,
  milliseconds: 1000,
  published: 100,
  due: 100,
  forwarded,
  arrived: forwarded,
});

describe('what forwarding costs', () => {
  const others = Object.fromEntries(caseNames.map((name) => [name, [volley([500])]]));

  test('is the CPU of all workers for a packet sent, and a ratio to the yardstick of the same round', () => {
    const rounds = [
      { ...others, bareRouter: [volley([500])], sluiceRouter: [volley([510])] },
      { ...others, bareRouter: [volley([1000])], sluiceRouter: [volley([1030])] },
    ];
    const { sluiceRouter } = summarize(rounds, false);
    expect(sluiceRouter?.microseconds).toEqual({ median: 7.7, min: 5.1, max: 10.3 });
    expect(sluiceRouter?.ratio?.median).toBeCloseTo(1.025);
  });

  test('sums the workers on the way, and shows each', () => {
    const summary = summarize([{ ...others, barePipe: [volley([100, 400])] }], false)['barePipe'];
    expect(summary?.microseconds.median).toBe(5);
    expect(summary?.byWorker.map(({ median }) => median)).toEqual([1, 4]);
  });

  test('tells what was lost before the workers', () => {
    const summary = summarize([{ ...others, bareRouter: [volley([450], 90)] }], false)['bareRouter'];
    expect(summary?.lostBefore).toBeCloseTo(0.1);
    expect(summary?.microseconds.median).toBe(5);
  });
});

describe('joins', () => {
  const options = {
    title: 'Joins',
    cases: { bare: { title: 'bare' }, sluice: { title: 'Sluice', beside: { yardstick: 'bare', bar: 1.1 } } },
    times: { bare: [{ joined: 1, frame: 100 }], sluice: [{ joined: 2, frame: 120 }] },
    last: 'frame',
  };

  test('are compared at p50 and p95', () => {
    expect(summarizeJoins(options)['sluice']).toMatchObject({ samples: 1, p50: 120, ratio: { p50: 1.2, p95: 1.2 } });
  });

  test('show the bar that was missed', () => {
    expect(joinTable(options).rows[1]).toEqual([
      ...['Sluice', '1', '120', '120', '120', '1.200 / 1.200', '≤ 1.1', 'missed', '2.00 · 120'],
    ]);
  });
});

describe('a table', () => {
  const table = { title: 'T', head: ['', 'ms'], rows: [['one', '1.00']] };

  test('is aligned for people', () => {
    expect(asText(table).split('\n')).toEqual(['T', '', '       ms', '───  ────', 'one  1.00']);
  });

  test('is Markdown for the document', () => {
    expect(asMarkdown(table).split('\n')).toEqual(['**T**', '', '|  | ms |', '|---|---:|', '| one | 1.00 |']);
  });

  test('shows as many digits as were measured', () => {
    expect([2.345, 23.45, 234.5, Number.NaN].map(figure)).toEqual(['2.35', '23.4', '235', '–']);
  });
});

test('a run takes the place of the last one in the document, and of nothing else', () => {
  const text = 'Before\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nafter\n';
  expect(replaceSection(text, 'a', 'new')).toBe('Before\n<!-- bench:a -->\nnew\n<!-- /bench:a -->\nafter\n');
  expect(() => replaceSection(text, 'b', 'new')).toThrow('no section');
});
