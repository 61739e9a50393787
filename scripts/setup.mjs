// Makes a fresh clone ready to run: see `steps`. It needs Node 18 and npm, nothing else, and does only what is not
// done yet. The other scripts call it; by hand, and in a Dockerfile:
//
//   node scripts/setup.mjs [--for start|cluster|check|test|image] [--only STEP,…] [--worker-output FILE]

import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import util from 'node:util';
import { interruptible } from './setup/cleanup.mjs';
import { ensureDependencies } from './setup/dependencies.mjs';
import { exitWith, SetupFailure } from './setup/failure.mjs';
import { projectNode } from './setup/node24.mjs';
import { nodeModules } from './setup/paths.mjs';
import { ensureProgram } from './setup/programs.mjs';
import { ensureUws } from './setup/uws.mjs';
import { copyWorker, ensureWorker } from './setup/worker/worker.mjs';

const OLDEST_NODE = 18;

// What each purpose needs, in the order in which it is done. An image has Node and the programs from its own base.
const PURPOSES = {
  start: { scope: 'production', steps: ['dependencies', 'uws', 'worker'] },
  cluster: { scope: 'production', steps: ['dependencies', 'uws', 'worker', 'redis'] },
  check: { scope: 'all', steps: ['dependencies', 'uws'] },
  test: {
    scope: 'all',
    steps: ['dependencies', 'uws', 'worker', 'redis', 'chromium', 'firefox', 'iproute2', 'iptables'],
  },
  chaos: { scope: 'all', steps: ['dependencies', 'uws', 'worker', 'redis', 'chromium', 'iptables', 'faketime'] },
  image: { scope: 'production', steps: ['dependencies', 'uws', 'worker'], ownNode: false },
};

const steps = {
  dependencies: ensureDependencies,
  uws: ensureUws,
  worker: async (context) => {
    context.env.MEDIASOUP_WORKER_BIN = await ensureWorker(context);
  },
  redis: () => ensureProgram('redis'),
  chromium: () => ensureProgram('chromium'),
  firefox: () => ensureProgram('firefox'),
  // The tests that need the following three run on Linux alone.
  iproute2: async () => process.platform === 'linux' && ensureProgram('iproute2'),
  iptables: async () => process.platform === 'linux' && ensureProgram('iptables'),
  faketime: async () => process.platform === 'linux' && ensureProgram('faketime'),
};

/**
 * Does what `purpose` needs, or those of its steps that `only` names. Returns the environment for the programs that
 * were made ready. Ends the process, with a word on why, when something can't be had.
 */
export async function setUp(purpose, { only } = {}) {
  const { scope, steps: wanted, ownNode = true } = PURPOSES[purpose];
  const path = `${join(nodeModules, '.bin')}${delimiter}${process.env.PATH}`;
  const context = {
    scope,
    ownNode,
    node: ownNode ? projectNode : process.execPath,
    env: { ...process.env, PATH: path },
  };
  try {
    requireNode();
    const chosen = wanted.filter((step) => !only || only.includes(step));
    await interruptible(async () => {
      for (const name of chosen) await steps[name](context);
    });
  } catch (error) {
    exitWith(error);
  }
  return context.env;
}

function requireNode() {
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) return;
  throw new SetupFailure(
    'The set-up cannot run',
    `it needs Node ${OLDEST_NODE} and this is ${process.version}`,
    'install Node 20 or newer; the project brings its own Node for everything else',
  );
}

function readArguments() {
  const { values } = util.parseArgs({
    options: {
      for: { type: 'string', default: 'test' },
      only: { type: 'string' },
      'worker-output': { type: 'string' },
    },
  });
  const only = values.only && values.only.split(',');
  const unknown = [...(PURPOSES[values.for] ? [] : [values.for]), ...(only || []).filter((name) => !steps[name])];
  if (unknown.length > 0) {
    throw new SetupFailure(
      'The set-up cannot run',
      `it does not know ${unknown.join(', ')}`,
      `purposes: ${Object.keys(PURPOSES).join(', ')}; steps: ${Object.keys(steps).join(', ')}`,
    );
  }
  return { purpose: values.for, only, workerOutput: values['worker-output'] };
}

async function main() {
  const { purpose, only, workerOutput } = readArguments();
  const env = await setUp(purpose, { only });
  if (workerOutput) copyWorker(env.MEDIASOUP_WORKER_BIN, workerOutput);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main().catch(exitWith);
