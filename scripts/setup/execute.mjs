// Hands over to a program of the project: its Node, its environment, the caller's terminal, signals and exit code.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { exitWith, SetupFailure } from './failure.mjs';
import { projectNode } from './node24.mjs';
import { root } from './paths.mjs';

/** Runs `node …args` with the project's Node until it ends; resolves to its exit code. */
export function runNode(args, env, options = {}) {
  const child = spawn(projectNode, args, { cwd: root, env, stdio: 'inherit', ...options });
  const stop = forwardSignals(child);
  return new Promise((resolve, reject) => {
    child.on('error', (error) =>
      reject(new SetupFailure(`${args[0]} did not start`, error.message, 'delete node_modules and run this again')),
    );
    child.on('close', (code, signal) => {
      stop();
      resolve(signal ? 128 + constants.signals[signal] : code);
    });
  });
}

// On a terminal Ctrl-C reaches the whole group of processes, the child among them. Passing it on as well would be a
// second Ctrl-C, which asks a server that is closing its calls in good order to drop them.
function forwardSignals(child) {
  const forward = (signal) => {
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  return () => {
    for (const signal of signals) process.removeListener(signal, forward);
  };
}

/** Runs the project's program `entry` with this process's arguments, and ends as it ends. */
export async function become(entry, env, args = process.argv.slice(2)) {
  try {
    process.exitCode = await runNode([entry, ...args], env);
  } catch (error) {
    exitWith(error);
  }
}
