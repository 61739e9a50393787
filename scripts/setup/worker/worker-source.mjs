// The worker's C++ source comes in mediasoup's npm package, but the libraries that it builds on come as Meson wraps,
// which are downloads. Here the source is copied and given the system's libraries in their place.

import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { withFolder } from '../cleanup.mjs';
import { fetchSource } from '../debian.mjs';
import { inRoot, nodeModules } from '../paths.mjs';

/** What is put into the source: a stub for each library, and a header to compile once. */
export const ADDITIONS = ['subprojects', 'pch'].map((name) => inRoot('deploy', 'worker', name));

/** Changes to the worker's own files. Each must match once: a new mediasoup that differs has to be looked at. */
export const EDITS = [
  {
    // Debian 12 has Meson 1.0.1, and nothing newer is used.
    file: 'meson.build',
    from: "meson_version: '>= 1.1.0'",
    to: "meson_version: '>= 1.0.0'",
  },
  {
    // The reason is in the header.
    file: 'meson.build',
    from: "  'mediasoup-worker',\n  build_by_default: true,",
    to: "  'mediasoup-worker',\n  cpp_pch: 'pch/worker.hpp',\n  build_by_default: true,",
  },
  {
    // The comparison misses BIO_CB_CTRL | BIO_CB_RETURN. With an OpenSSL that has kernel TLS, as Debian's has and the
    // bundled one has not, BIO_get_ktls_send() then answers 1, libssl allocates no write buffer, and the worker dies
    // at the first DTLS handshake.
    file: 'src/RTC/DtlsTransport.cpp',
    from: 'operationType == BIO_CB_RETURN)',
    to: '(operationType & BIO_CB_RETURN) != 0)',
  },
];

/** Prepares the source in `folder`, which it makes. Returns which libsrtp it will be built with, in words. */
export async function prepareSource(folder, progress) {
  cpSync(join(nodeModules, 'mediasoup', 'worker'), folder, { recursive: true });
  const subprojects = join(folder, 'subprojects');
  rmSync(subprojects, { recursive: true });
  for (const addition of ADDITIONS) cpSync(addition, join(folder, basename(addition)), { recursive: true });
  EDITS.forEach((edit) => apply(folder, edit));
  progress('fetching the source of libsrtp');
  return withFolder(`${folder}.srtp`, (scratch) => addSrtp(subprojects, scratch));
}

function apply(folder, { file, from, to }) {
  const path = join(folder, file);
  const parts = readFileSync(path, 'utf8').split(from);
  if (parts.length !== 2) throw new Error(`${file} holds \`${from}\` ${parts.length - 1} times instead of once`);
  writeFileSync(path, parts.join(to));
}

// Debian builds libsrtp over NSS; over OpenSSL a forwarded packet costs 14 % fewer instructions. Its source is a
// download of half a megabyte; without it the packaged library serves.
async function addSrtp(subprojects, scratch) {
  try {
    const source = await fetchSource('libsrtp2', scratch);
    renameSync(source, join(subprojects, 'libsrtp2'));
    return `${basename(source)} over OpenSSL`;
  } catch (error) {
    return `Debian's libsrtp2 over NSS, some 14 % slower, for its source could not be had (${error.message})`;
  }
}
