// npm's packages as package-lock.json names them, installed under the project's Node: the host's may be too old
// for a package's `engines`, and npm leaves out optional packages, such as native binaries, that don't suit it.

import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { SetupFailure } from './failure.mjs';
import { withLock } from './lock.mjs';
import { cachedNode, ensureProjectNode } from './node24.mjs';
import { inRoot, nodeModules, scratch } from './paths.mjs';
import { runLogged } from './run.mjs';
import { withLine } from './terminal.mjs';

const stampFile = join(nodeModules, '.sluice-setup.json');
const lockFile = inRoot('package-lock.json');
const lockHash = () => createHash('sha256').update(readFileSync(lockFile)).digest('hex');

/**
 * `scope`: `production`, or `all` with the devDependencies; an installation of all serves production too.
 * `ownNode`: whether node_modules gets the project's Node. An image has it from its base.
 */
export async function ensureDependencies({ scope, ownNode }) {
  if (!isInstalled(scope)) {
    const node = ownNode ? await cachedNode() : process.execPath;
    const title = scope === 'all' ? 'dependencies, with those of the tests' : 'dependencies';
    await withLine(`installing the ${title}`, async (progress) => {
      const wait = () => progress('another set-up is at it, waiting');
      await withLock(join(scratch, 'install.lock'), wait, () => isInstalled(scope) || install(scope, node));
      return title;
    });
  }
  if (ownNode) await ensureProjectNode();
  else dropProjectNode();
}

function isInstalled(scope) {
  const installed = stampedScope() || adoptedScope();
  return installed === scope || installed === 'all';
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function stampedScope() {
  const stamp = readJson(stampFile);
  return stamp && stamp.lock === lockHash() ? stamp.scope : undefined;
}

const stamp = (scope) => writeFileSync(stampFile, `${JSON.stringify({ lock: lockHash(), scope })}\n`);

/** Recognises dependencies that were installed with npm by hand, by the list that npm leaves in node_modules. */
function adoptedScope() {
  const listed = readJson(join(nodeModules, '.package-lock.json'));
  if (!listed) return undefined;
  const wanted = Object.entries(readJson(lockFile).packages).filter(
    ([path, entry]) => path.includes('node_modules/') && !entry.link && !entry.optional && !entry.devOptional,
  );
  const absent = wanted.filter(([path, entry]) => (listed.packages[path] || {}).version !== entry.version);
  if (absent.some(([, entry]) => !entry.dev)) return undefined;
  const scope = absent.length === 0 ? 'all' : 'production';
  stamp(scope);
  return scope;
}

async function install(scope, node) {
  // npm is a script with an `env node` line: the first Node on the PATH is the one that it runs on.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  const which = scope === 'all' ? '--include=dev' : '--omit=dev';
  try {
    await runLogged('npm', 'npm', ['ci', which, '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: inRoot(), env });
  } catch (error) {
    throw new SetupFailure(
      'The dependencies could not be installed',
      error.message,
      'make the npm registry reachable; if package.json was changed, bring the lock up to date with `npm install`',
    );
  }
  stamp(scope);
}

/** Without its binary the `node` package is an empty shell, and the command that leads into it hides the real one. */
function dropProjectNode() {
  for (const path of ['node', join('.bin', 'node')]) rmSync(join(nodeModules, path), { recursive: true, force: true });
}
