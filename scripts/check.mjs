// npm run check, before every commit: types, lint, format, unit tests. All of them run, whatever fails.

import { spawn } from 'node:child_process';
import { projectNode } from './setup/node24.mjs';
import { inRoot, root } from './setup/paths.mjs';
import { setUp } from './setup.mjs';
import { say, withLine } from './setup/terminal.mjs';

const CHECKS = [
  { title: 'types', module: 'typescript/bin/tsc', args: ['--project', 'tsconfig.json'] },
  { title: 'lint', module: 'oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings'] },
  { title: 'format', module: '@biomejs/biome/bin/biome', args: ['format', '.'] },
  { title: 'unit tests', module: 'vitest/vitest.mjs', args: ['run', '--project', 'unit', '--passWithNoTests'] },
];

/** Runs one check; rejects with all that it printed when it finds fault. */
function run({ module, args }, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(projectNode, [inRoot('node_modules', module), ...args], { cwd: root, env });
    let output = '';
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(output))));
  });
}

const env = await setUp('check');
for (const check of CHECKS) {
  try {
    await withLine(check.title, () => run(check, env));
  } catch (error) {
    say(error.message.trimEnd());
    process.exitCode = 1;
  }
}
