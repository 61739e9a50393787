// Where the mediasoup worker comes from: the environment, the user's cache, the prebuilt download, or a build.

import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withFolder } from '../cleanup.mjs';
import { SetupFailure } from '../failure.mjs';
import { withLock } from '../lock.mjs';
import { cache, nodeModules, platform } from '../paths.mjs';
import { runLogged } from '../run.mjs';
import { withLine } from '../terminal.mjs';
import { buildWorker, OPTIONS } from './worker-build.mjs';
import { downloadWorker } from './worker-download.mjs';
import { ADDITIONS, EDITS } from './worker-source.mjs';

// The worker's own answer to being started by something that isn't mediasoup.
const NO_PARENT = 41;
const starts = (binary) => spawnSync(binary, { env: {}, stdio: 'ignore' }).status === NO_PARENT;

/** Path of a worker that starts on this system. `node`: the Node to try a new one with. */
export async function ensureWorker({ node }) {
  const given = process.env.MEDIASOUP_WORKER_BIN;
  if (given) return checkGiven(given);
  const home = join(cache, cacheName());
  const binary = join(home, 'mediasoup-worker');
  if (existsSync(binary) && starts(binary)) return binary;
  await withLine('getting the mediasoup worker', async (progress) => {
    const wait = () => progress('another set-up is at it, waiting');
    return withLock(`${home}.lock`, wait, async () => {
      if (existsSync(binary) && starts(binary)) return 'mediasoup worker';
      return `mediasoup worker, ${await make(home, node, progress)}`;
    });
  });
  return binary;
}

/** Copies the worker to a place of the caller's choosing: an image wants it outside of a cache. */
export function copyWorker(binary, target) {
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(binary, target);
}

function checkGiven(binary) {
  if (starts(binary)) return binary;
  throw new SetupFailure(
    `The mediasoup worker ${binary} does not start`,
    'MEDIASOUP_WORKER_BIN names it, and it is missing or not made for this system',
    'correct the variable, or unset it and the set-up finds or builds a worker',
  );
}

/** The recipe is part of the name, so that a change to it leads to a new build. */
function cacheName() {
  const { version } = JSON.parse(readFileSync(join(nodeModules, 'mediasoup', 'package.json'), 'utf8'));
  const recipe = createHash('sha256').update(JSON.stringify([EDITS, OPTIONS]));
  for (const file of ADDITIONS.flatMap(filesIn)) recipe.update(readFileSync(file));
  return `mediasoup-worker-${version}-${platform}-${recipe.digest('hex').slice(0, 12)}`;
}

function filesIn(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  // `path` until Node 20, `parentPath` since.
  return entries.map((entry) => join(entry.parentPath || entry.path, entry.name)).sort();
}

// Made beside its place and moved there when it is known to work: another process finds a whole one or none.
function make(home, node, progress) {
  return withFolder(`${home}.${process.pid}`, async (folder) => {
    const binary = join(folder, 'mediasoup-worker');
    const origin = (await download(binary, node, progress)) || (await build(binary, node, progress));
    writeFileSync(join(folder, 'origin.txt'), `${origin}\n`);
    rmSync(home, { recursive: true, force: true });
    renameSync(folder, home);
    return origin;
  });
}

async function download(binary, node, progress) {
  try {
    await downloadWorker(binary, progress);
    await tryOut(binary, node);
    return 'downloaded';
  } catch (error) {
    progress(`the prebuilt one is not to be had (${error.message})`);
    return undefined;
  }
}

async function build(binary, node, progress) {
  const origin = await buildWorker(binary, progress);
  await tryOut(binary, node);
  return origin;
}

async function tryOut(binary, node) {
  const trial = fileURLToPath(new URL('worker-trial.mjs', import.meta.url));
  try {
    await runLogged('worker', node, [trial], { env: { ...process.env, MEDIASOUP_WORKER_BIN: binary } });
  } catch (error) {
    throw new SetupFailure('The new mediasoup worker does not work', error.message, 'report it with the log');
  }
}
