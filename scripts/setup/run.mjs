// Runs other programs: quietly into a log, or for their output.

import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, createWriteStream, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { atExit } from './cleanup.mjs';
import { scratch } from './paths.mjs';

const REMEMBERED_LINES = 200;
const TELLING = /\b(error|failed|cannot|unable|not found|no such)\b|^E: /i;
// What a builder says when one of its commands has said why.
const SUMMARY = /complete log of this run|^FAILED: |^ninja: build stopped|returned \d+ exit status/i;

/** The one line of a program's last output that says most about why it failed. */
function reasonIn(lines) {
  const spoken = lines.map((line) => line.trim()).filter(Boolean);
  const telling = spoken.filter((line) => TELLING.test(line) && !SUMMARY.test(line));
  return ((telling.length ? telling : spoken).pop() || 'it printed nothing').slice(0, 240);
}

/**
 * Runs a program with its output in `.sluice/<name>.log`; `onLine` sees each line as it comes.
 * Throws an error whose message is fit to stand as the "why" of a failure.
 */
export function runLogged(name, command, args, { cwd, env, onLine } = {}) {
  mkdirSync(scratch, { recursive: true });
  const file = join(scratch, `${name}.log`);
  const log = createWriteStream(file, { flags: 'a' });
  log.write(`\n$ ${command} ${args.join(' ')}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: env || process.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const callOff = atExit(() => child.kill());
    const lines = [];
    let rest = '';
    const take = (chunk) => {
      log.write(chunk);
      const fresh = (rest + chunk).split('\n');
      rest = fresh.pop();
      lines.push(...fresh);
      lines.splice(0, lines.length - REMEMBERED_LINES);
      if (onLine) fresh.forEach((line) => onLine(line));
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => reject(new Error(`${command} did not start (${error.code})`)));
    child.on('close', (code, signal) => {
      log.end();
      callOff();
      if (code === 0) resolve();
      else
        reject(
          new Error(`${command} ended with ${signal || code}: ${reasonIn([...lines, rest])} (all of it: ${file})`),
        );
    });
  });
}

/** Standard output of a program, trimmed; undefined when it is missing or fails. */
export function outputOf(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], ...options });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** Full path of the first of `names` that is on the PATH. */
export function findProgram(...names) {
  const folders = (process.env.PATH || '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
