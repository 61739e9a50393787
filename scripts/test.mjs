// npm test: everything, the quick kinds of test first. The last line is the sum.
//
//   npm test -- --only unit,contract    only these kinds
//   npm test -- rooms/join -t resume    what doesn't start with --only goes to vitest: file filters, options

import { setUp } from './setup.mjs';
import { dockerAnswers, runKind } from './setup/test-run.mjs';
import { say } from './setup/terminal.mjs';

const KINDS = ['unit', 'contract', 'integration', 'e2e', 'browsers', 'chaos', 'compose'];

function readArguments() {
  const rest = process.argv.slice(2);
  const at = rest.findIndex((argument) => argument === '--only' || argument.startsWith('--only='));
  if (at < 0) return { kinds: KINDS, rest };
  const [flag, value] = rest[at].includes('=') ? rest.splice(at, 1)[0].split('=') : rest.splice(at, 2);
  const kinds = (value || '').split(',');
  const unknown = kinds.filter((kind) => !KINDS.includes(kind));
  if (unknown.length === 0) return { kinds: KINDS.filter((kind) => kinds.includes(kind)), rest };
  say(`${flag} knows ${KINDS.join(', ')}, and not ${unknown.join(', ') || 'nothing'}`);
  process.exit(1);
}

const { kinds, rest } = readArguments();
const env = await setUp('test');
const sum = { passed: 0, failed: 0 };

for (const kind of kinds) {
  if (kind === 'compose' && !dockerAnswers()) {
    say('compose: not run, no Docker engine with compose answers');
    continue;
  }
  const { passed, failed } = await runKind(kind, rest, env);
  sum.passed += passed;
  sum.failed += failed;
}

const nothingRan = sum.passed + sum.failed === 0;
if (nothingRan) say('No test ran: nothing matches what was asked for.');
process.exitCode = sum.failed > 0 || nothingRan ? 1 : 0;
console.log(`${sum.passed} passed, ${sum.failed} failed`);
