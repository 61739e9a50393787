// The prebuilt worker, from where mediasoup's own install script takes it, under the same name and with the same
// environment variables. That script isn't run itself: it waits without bound, and falls back to a build that
// downloads its parts.

import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { nodeModules } from './paths.mjs';
import { runLogged } from './run.mjs';

// Long enough for a slow network, short enough for one that drops packets in silence; without a network the answer
// is immediate.
const CONNECT_MS = 5_000;
const DOWNLOAD_MS = 120_000;

function address() {
  const { repository, version } = JSON.parse(readFileSync(join(nodeModules, 'mediasoup', 'package.json'), 'utf8'));
  const home = repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
  const base = process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL || `${home}/releases/download`;
  const kernel = process.platform === 'linux' ? `-kernel${release().split('.')[0]}` : '';
  return `${base}/${version}/mediasoup-worker-${version}-${process.platform}-${process.arch}${kernel}.tgz`;
}

/** Puts the prebuilt worker at `target`. Throws when it can't be had. */
export async function downloadWorker(target, progress) {
  if (process.env.MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD) throw new Error('skipped as the environment asks');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-worker-'));
  try {
    await fetchTo(join(folder, 'worker.tgz'), progress);
    await runLogged('worker', 'tar', ['-xzf', 'worker.tgz', 'mediasoup-worker'], { cwd: folder });
    await runLogged('worker', 'install', ['-m', '755', join(folder, 'mediasoup-worker'), target]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fetchTo(file, progress) {
  const abort = new AbortController();
  const connecting = setTimeout(() => abort.abort(new Error('no answer in time')), CONNECT_MS);
  const whole = setTimeout(() => abort.abort(new Error('too slow')), DOWNLOAD_MS);
  try {
    const response = await fetch(address(), { signal: abort.signal });
    clearTimeout(connecting);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    progress('downloading the prebuilt one');
    await pipeline(Readable.fromWeb(response.body), createWriteStream(file), { signal: abort.signal });
  } finally {
    clearTimeout(connecting);
    clearTimeout(whole);
  }
}
