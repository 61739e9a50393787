// One vitest process for each kind of test: they come in order, and one that crashes doesn't take the rest with it.

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runNode } from './execute.mjs';
import { inRoot, scratch } from './paths.mjs';
import { outputOf } from './run.mjs';
import { say } from './terminal.mjs';

const VITEST = inRoot('node_modules', 'vitest', 'vitest.mjs');
const DOCKER_MS = 5_000;

/** Runs the tests of one kind; `args` go to vitest as they are. Resolves to how many passed and failed. */
export async function runKind(kind, args, env) {
  mkdirSync(scratch, { recursive: true });
  const report = join(scratch, `tests-${kind}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  // A filter that matches in one kind must not fail the others.
  const code = await runNode([VITEST, 'run', '--project', kind, '--passWithNoTests', ...reporters, ...args], env);
  const counted = count(report);
  if (code !== 0 && counted.failed === 0) {
    say(`${kind}: vitest ended with ${code} though no test failed; that counts as one failure`);
    counted.failed = 1;
  }
  return counted;
}

/** A file that failed as a whole, before any of its tests could, counts as one failure. */
function count(report) {
  let results;
  try {
    results = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 0 };
  }
  const silent = results.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return { passed: results.numPassedTests, failed: results.numFailedTests + silent.length };
}

export const dockerAnswers = () =>
  ['info', 'compose version'].every(
    (command) => outputOf('docker', command.split(' '), { timeout: DOCKER_MS }) !== undefined,
  );
