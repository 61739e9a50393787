// npm run bench:NAME [-- OPTION…]: one of the benchmarks in tests/bench. They use what the tests use.

import { existsSync, readdirSync } from 'node:fs';
import { become } from './setup/execute.mjs';
import { exitWith, SetupFailure } from './setup/failure.mjs';
import { inRoot } from './setup/paths.mjs';
import { setUp } from './setup.mjs';

const [name, ...args] = process.argv.slice(2);
const folder = inRoot('tests', 'bench');

if (!name || !existsSync(`${folder}/${name}.ts`)) {
  const there = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.ts')) : [];
  const names = there.map((file) => file.replace(/\.ts$/, '')).join(', ');
  exitWith(
    new SetupFailure('No benchmark was run', name ? `there is no ${name}` : 'none was named', `there are: ${names}`),
  );
}
await become(`tests/bench/${name}.ts`, await setUp('test'), args);
