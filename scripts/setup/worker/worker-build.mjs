// Builds the mediasoup worker from the source in mediasoup's npm package, with Debian's packages and no other download.

import { chmodSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { withFolder } from '../cleanup.mjs';
import { ensurePackages, hasApt } from '../debian.mjs';
import { SetupFailure } from '../failure.mjs';
import { runLogged } from '../run.mjs';
import { prepareSource } from './worker-source.mjs';

const PACKAGES = [
  'meson',
  'ninja-build',
  'g++',
  'pkg-config',
  // Unpacks the source of libsrtp.
  'dpkg-dev',
  'libsrtp2-dev',
  'libabsl-dev',
  'libflatbuffers-dev',
  'flatbuffers-compiler',
  'libuv1-dev',
  'libssl-dev',
  // A static OpenSSL of Debian 13 asks for these.
  'zlib1g-dev',
  'libzstd-dev',
];

export const OPTIONS = [
  '--buildtype=release',
  '-Db_ndebug=true',
  '--wrap-mode=nodownload',
  // Libraries go into the binary where they have a static archive: it then outlives a system upgrade, and runs in an
  // image that has none of them.
  '-Dprefer_static=true',
  '-Dcpp_link_args=-static-libstdc++ -static-libgcc',
];

// A compiler of this source takes up to a gigabyte.
const jobs = Math.max(1, Math.min(cpus().length, Math.floor(totalmem() / 2 ** 30)));

/** Builds the worker into the file `target`. Returns how it was built, in words. */
export async function buildWorker(target, progress) {
  if (!hasApt()) {
    throw new SetupFailure(
      'The mediasoup worker could not be had',
      'its prebuilt download is out of reach, and building it needs the packages of a Debian-like system',
      "make mediasoup's releases reachable, or name a worker's path in MEDIASOUP_WORKER_BIN",
    );
  }
  await ensurePackages(PACKAGES, 'Building the mediasoup worker', progress);
  try {
    return await withFolder(`${target}.build`, (folder) => buildIn(folder, target, progress));
  } catch (error) {
    if (error instanceof SetupFailure) throw error;
    throw new SetupFailure(
      'The mediasoup worker could not be built',
      error.message,
      "read the log, or name a worker's path in MEDIASOUP_WORKER_BIN",
    );
  }
}

async function buildIn(folder, target, progress) {
  const source = join(folder, 'worker');
  const srtp = await prepareSource(source, progress);
  progress('configuring');
  await runLogged('worker', 'meson', ['setup', 'out', ...OPTIONS], { cwd: source });
  progress(`compiling, ${jobs} at a time`);
  const onLine = (line) => {
    const count = /^\[(\d+)\/(\d+)\]/.exec(line);
    if (count) progress(`compiling ${count[1]} of ${count[2]}`);
  };
  await runLogged('worker', 'ninja', ['-C', 'out', '-j', String(jobs), 'mediasoup-worker'], { cwd: source, onLine });
  await runLogged('worker', 'strip', ['-o', target, join('out', 'mediasoup-worker')], { cwd: source });
  chmodSync(target, 0o755);
  return `built from source with ${srtp}`;
}
