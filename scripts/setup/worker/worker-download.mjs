// The prebuilt worker, from where mediasoup's own install script takes it, under the same name and with the same
// environment variables. That script isn't run itself: it waits without bound, and falls back to a build that
// downloads its parts.

import { chmodSync, copyFileSync, createWriteStream, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { release } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { withFolder } from '../cleanup.mjs';
import { nodeModules } from '../paths.mjs';
import { runLogged } from '../run.mjs';

// Long enough for a slow network, short enough for one that drops packets in silence; without a network the answer
// is immediate.
const CONNECT_MS = 5_000;
const DOWNLOAD_MS = 120_000;
// Releases are served from another host than the one that names them.
const MOST_REDIRECTS = 5;

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
  await withFolder(`${target}.download`, async (folder) => {
    await fetchTo(join(folder, 'worker.tgz'), progress);
    await runLogged('worker', 'tar', ['-xzf', 'worker.tgz', 'mediasoup-worker'], { cwd: folder });
    copyFileSync(join(folder, 'mediasoup-worker'), target);
    chmodSync(target, 0o755);
  });
}

async function fetchTo(file, progress) {
  const abort = new AbortController();
  const connecting = setTimeout(() => abort.abort(new Error('no answer in time')), CONNECT_MS);
  const whole = setTimeout(() => abort.abort(new Error('too slow')), DOWNLOAD_MS);
  try {
    const response = await open(address(), abort.signal, MOST_REDIRECTS);
    clearTimeout(connecting);
    progress('downloading the prebuilt one');
    await pipeline(response, createWriteStream(file), { signal: abort.signal });
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearTimeout(connecting);
    clearTimeout(whole);
  }
}

// Not with fetch(): in Node 20 to 24 it can end the process by an assertion of its own when a server closes the
// connection while the file system is slower than the network.
function open(url, signal, redirects) {
  return new Promise((resolve, reject) => {
    const { get } = url.startsWith('http:') ? http : https;
    const request = get(url, { signal }, (response) => {
      const { statusCode, headers } = response;
      if (statusCode === 200) return resolve(response);
      response.resume();
      if (!headers.location || redirects === 0) return reject(new Error(`HTTP ${statusCode}`));
      return resolve(open(new URL(headers.location, url).href, signal, redirects - 1));
    });
    request.on('error', reject);
  });
}
