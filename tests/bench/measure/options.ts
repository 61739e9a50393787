import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';

export interface BenchOptions {
  rounds: number;
  /** Shows in half a minute that everything runs; its numbers mean nothing. */
  quick: boolean;
  /** Where the JSON goes. */
  json: string;
  /** Puts the tables into `docs/performance.md`. */
  document: boolean;
  /** Keeps the workers on cores of their own. */
  pin: boolean;
}

/** @throws Error with a sentence for the user. */
export function readOptions(name: string, args: string[], rounds: number): BenchOptions {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string', default: `bench-results/${name}.json` },
      document: { type: 'boolean', default: false },
      pin: { type: 'boolean', default: true },
    },
  });
  const asked = Number(values.rounds ?? (values.quick ? 1 : rounds));
  if (!Number.isInteger(asked) || asked < 1) throw new Error('--rounds takes a whole number from 1.');
  return { rounds: asked, quick: values.quick, json: values.json, document: values.document, pin: values.pin };
}

export async function writeJson(file: string, result: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`);
}
