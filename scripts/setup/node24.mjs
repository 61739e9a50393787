// The project's own Node, whatever Node the host has. It comes from npm as the package `node-<platform>`, which is
// what the `node` package among the root's dependencies would fetch in its install script; the set-up runs no
// install scripts, so it fetches the binary itself, once for all clones, and links it into node_modules.

import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { withFolder } from './cleanup.mjs';
import { SetupFailure } from './failure.mjs';
import { cache, inRoot, nodeModules, platform } from './paths.mjs';
import { findProgram, outputOf, runLogged } from './run.mjs';
import { withLine } from './terminal.mjs';

const version = JSON.parse(readFileSync(inRoot('package.json'), 'utf8')).dependencies.node;
const cached = join(cache, `node-${version}-${platform}`, 'bin', 'node');
const command = join(nodeModules, '.bin', 'node');

/** The binary for everything that this project runs. There once `ensureProjectNode` has been waited for. */
export const projectNode = join(nodeModules, 'node', 'bin', 'node');

/** Puts the project's Node where `npm run` looks first. */
export async function ensureProjectNode() {
  if (!existsSync(projectNode)) link(await cachedNode());
  if (!lstatSync(command, { throwIfNoEntry: false })) {
    mkdirSync(dirname(command), { recursive: true });
    symlinkSync(join('..', 'node', 'bin', 'node'), command);
  }
}

/** The project's Node outside of node_modules, where npm can run on it while it makes node_modules anew. */
export async function cachedNode() {
  if (!existsSync(cached)) await withLine(`fetching Node ${version}`, fetchNode);
  return cached;
}

// A hard link costs no space, and outlives the cache.
function link(binary) {
  mkdirSync(dirname(projectNode), { recursive: true });
  try {
    linkSync(binary, projectNode);
  } catch {
    copyFileSync(binary, projectNode);
  }
}

async function fetchNode() {
  const spec = `node-${platform}@${version}`;
  try {
    await withFolder(`${dirname(dirname(cached))}.${process.pid}`, (folder) => fetchInto(folder, spec));
  } catch (error) {
    throw new SetupFailure(
      `Node ${version} could not be fetched`,
      error.message,
      `make the npm registry reachable (\`npm view ${spec}\` must answer)`,
    );
  }
  return `Node ${version}`;
}

async function fetchInto(folder, spec) {
  if (!findProgram('npm')) throw new Error('npm is not on the PATH');
  const quiet = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  await runLogged('node', 'npm', ['install', '--prefix', folder, ...quiet, spec], { cwd: folder });
  const fetched = join(folder, 'node_modules', `node-${platform}`, 'bin', 'node');
  if (outputOf(fetched, ['--version']) !== `v${version}`) throw new Error(`the binary of ${spec} does not run here`);
  mkdirSync(dirname(cached), { recursive: true });
  renameSync(fetched, cached);
}
