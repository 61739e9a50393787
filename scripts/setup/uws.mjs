// uWebSockets.js ships binaries that ask for glibc 2.38 (Debian 13, Ubuntu 24.04). On an older one the loader
// refuses them, though all that they need of 2.38 is three functions that differ from their classic namesakes in
// accepting binary literals. Where glibc is older, this step binds the three to the classic ones, in place, and keeps
// the original beside it.

import { createHash } from 'node:crypto';
import { existsSync, linkSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bindToClassicNames } from './elf.mjs';
import { SetupFailure } from './failure.mjs';
import { nodeModules } from './paths.mjs';
import { outputOf } from './run.mjs';
import { withLine } from './terminal.mjs';

const NEEDED = [2, 38];
const folder = join(nodeModules, 'uWebSockets.js');

// What may be patched: the binaries for Node 24 of the version that package.json pins, by SHA-256. The oldest version
// of glibc that an architecture has is what its classic names are bound to.
const ORIGINALS = {
  x64: { sha256: '98128405dba2fb608448e921a979530f70c946a2cc9889c15f2fa70c2d00ab05', classic: 'GLIBC_2.2.5' },
  arm64: { sha256: '88618b30ddf6b2b62310db89f40a701616676352aac5e0f6184dd8ef876199ce', classic: 'GLIBC_2.17' },
};

/** The running glibc as [major, minor]; undefined on a Linux with another C library. */
function glibc() {
  // Without this the report looks up the name of every network peer.
  process.report.excludeNetwork = true;
  const version = process.report.getReport().header.glibcVersionRuntime;
  return version && version.split('.').map(Number);
}

const isOlder = ([major, minor]) => major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1]);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const failure = (why, remedy) => new SetupFailure('uWebSockets.js cannot be loaded here', why, remedy);
const NEWER_SYSTEM = `use a system with glibc ${NEEDED.join('.')} or newer, such as Debian 13 or Ubuntu 24.04`;

/** `node`: the Node that will load it, which tries the result before it takes the original's place. */
export async function ensureUws({ node }) {
  if (process.platform !== 'linux') return;
  const found = glibc();
  if (!found) throw failure('this Linux has no glibc, and there is no build for another C library', NEWER_SYSTEM);
  if (!isOlder(found)) return;
  const original = ORIGINALS[process.arch];
  if (!original) throw failure(`there is no build for ${process.arch}`, 'use x64 or arm64');
  const file = join(folder, `uws_linux_${process.arch}_137.node`);
  if (existsSync(`${file}.orig`) && existsSync(file)) return;
  const title = `uWebSockets.js fitted to glibc ${found.join('.')} (it asks for ${NEEDED.join('.')})`;
  await withLine(title, () => patch(file, original, node));
}

function patch(file, { sha256: expected, classic }, node) {
  const bytes = readFileSync(file);
  if (sha256(bytes) !== expected) {
    throw failure(`${file} is not the file that this project knows`, 'delete node_modules and run this again');
  }
  const fitted = file.replace(/\.node$/, '.fitted.node');
  writeFileSync(fitted, bindToClassicNames(bytes, `GLIBC_${NEEDED.join('.')}`, classic), { mode: 0o755 });
  if (outputOf(node, ['-p', `typeof require(${JSON.stringify(fitted)}).App`]) !== 'function') {
    throw failure('fitting it to the older glibc was not enough', NEWER_SYSTEM);
  }
  // A link first and a rename second: there is no moment without a file to load.
  linkSync(file, `${file}.orig`);
  renameSync(fitted, file);
}
