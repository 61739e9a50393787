// Debian's packages (and its relatives': whatever has apt). As root they are installed; otherwise the failure names
// the one command that installs them.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupFailure } from './failure.mjs';
import { findProgram, outputOf, runLogged } from './run.mjs';

// The folder of apt's own files, beside what it downloads.
const PRIVATE = 'apt';

export const hasApt = () => Boolean(findProgram('apt-get') && findProgram('dpkg-query'));
// What apt and dpkg say when another one holds one of their locks. A fresh Ubuntu runs unattended upgrades for minutes.
const LOCKED = /Could not get lock|Unable to (lock|acquire)|is another process using it/;
const LOCK_POLL_MS = 2_000;
const LOCK_MS = 20 * 60_000;
const isRoot = () => process.getuid && process.getuid() === 0;

function isInstalled(name) {
  return outputOf('dpkg-query', ['-W', '-f=${db:Status-Status}', name]) === 'installed';
}

/** Installs those of `packages` that are missing. `purpose` completes "… is missing for"; `lock` is for tests. */
export async function ensurePackages(packages, purpose, progress, lock) {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const command = `apt-get install -y ${missing.join(' ')}`;
  if (!isRoot()) {
    throw new SetupFailure(`${purpose} is not possible yet`, `missing: ${missing.join(', ')}`, `run: sudo ${command}`);
  }
  progress(`installing ${missing.length === 1 ? missing[0] : `${missing.length} Debian packages`}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => whenUnlocked(progress, () => runLogged('apt', 'apt-get', args, { env }), lock);
  const install = () => apt('install', '-y', '--no-install-recommends', ...missing);
  // The lists may be absent (a fresh image) or old; fetching them anew is worth it only when the first try fails.
  try {
    await install().catch((error) => {
      if (LOCKED.test(error.message)) throw error;
      return apt('update').then(install);
    });
  } catch (error) {
    throw new SetupFailure(`${purpose} is not possible yet`, error.message, `see that this works: ${command}`);
  }
}

/**
 * Runs apt again and again while another one holds a lock. apt's own DPkg::Lock::Timeout waits for one of its three locks
 * and says nothing meanwhile.
 */
export async function whenUnlocked(progress, run, { everyMs = LOCK_POLL_MS, withinMs = LOCK_MS } = {}) {
  for (const until = Date.now() + withinMs; ; ) {
    try {
      return await run();
    } catch (error) {
      if (!LOCKED.test(error.message) || Date.now() > until) throw error;
      progress('another apt-get is at work (unattended upgrades?), waiting for it');
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/**
 * Downloads and unpacks the source of a Debian package into `folder`, verified by apt's signatures, and returns the
 * path of what it unpacked. The machine's own configuration seldom names source repositories, so apt gets one of its
 * own here, made from the mirrors that the machine already uses; this needs no root. Throws when it can't be had.
 */
export async function fetchSource(name, folder) {
  const options = await privateApt(folder);
  const apt = (...args) => runLogged('apt', 'apt-get', [...options, ...args], { cwd: folder });
  await apt('update');
  try {
    await apt('source', '--only-source', name);
  } catch {
    // Some mirrors hold the authors' archive and not what Debian adds to it, which for a library is mostly packaging.
    await apt('source', '--only-source', '--tar-only', '--download-only', name);
    const archive = readdirSync(folder).find((file) => file.includes('.orig.tar.'));
    await runLogged('apt', 'tar', ['-xf', archive], { cwd: folder });
  }
  const unpacked = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return join(folder, unpacked.find((entry) => entry.name !== PRIVATE).name);
}

async function privateApt(folder) {
  const own = join(folder, PRIVATE);
  mkdirSync(join(own, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(own, 'cache', 'archives', 'partial'), { recursive: true });
  writeFileSync(join(own, 'sources.list'), `${(await sourceLines()).join('\n')}\n`);
  const options = {
    'Dir::Etc::SourceList': join(own, 'sources.list'),
    'Dir::Etc::SourceParts': '-',
    'Dir::State::Lists': join(own, 'lists'),
    'Dir::Cache': join(own, 'cache'),
    // Started by root, apt would fetch as a user of its own, who can't write here.
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

/** The release and its security updates from the mirrors that this machine's apt knows, as source repositories. */
async function sourceLines() {
  const [id, codename] = outputOf('sh', ['-c', '. /etc/os-release; echo "$ID $VERSION_CODENAME"']).split(' ');
  const suites = [codename, `${codename}-security`];
  const listed = listedMirrors(suites);
  // apt tells of a mirror only once it has fetched its lists, which images are usually stripped of.
  if (listed.length === 0 && isRoot())
    await whenUnlocked(
      () => {},
      () => runLogged('apt', 'apt-get', ['update']),
    );
  const mirrors = listed.length > 0 ? listed : listedMirrors(suites);
  if (mirrors.length === 0) throw new Error('apt knows no mirror');
  const keyring = `/usr/share/keyrings/${id}-archive-keyring.gpg`;
  const option = existsSync(keyring) ? `[signed-by=${keyring}] ` : '';
  return mirrors.map((mirror) => `deb-src ${option}${mirror}`);
}

function listedMirrors(suites) {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const listed = outputOf('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']) || '';
  return listed.split('\n').filter((line) => suites.includes(line.split(' ')[1]));
}
