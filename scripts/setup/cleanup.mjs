// What must not outlive the set-up, however it ends: temporary folders, locks, and the programs that it started.

import { mkdirSync, rmSync } from 'node:fs';

const tasks = new Set();

process.on('exit', () => tasks.forEach((task) => task()));

/** Runs `task` if the process ends before the returned function has called it off. */
export function atExit(task) {
  tasks.add(task);
  return () => tasks.delete(task);
}

/** Makes `folder` anew for the time of `work`. */
export async function withFolder(folder, work) {
  const remove = () => rmSync(folder, { recursive: true, force: true });
  remove();
  mkdirSync(folder, { recursive: true });
  const callOff = atExit(remove);
  try {
    return await work(folder);
  } finally {
    remove();
    callOff();
  }
}

/** Lets a signal end the process in order while `work` runs; by default it would end it on the spot. */
export async function interruptible(work) {
  const stops = { SIGINT: () => process.exit(130), SIGTERM: () => process.exit(143), SIGHUP: () => process.exit(129) };
  for (const [signal, stop] of Object.entries(stops)) process.on(signal, stop);
  try {
    return await work();
  } finally {
    for (const [signal, stop] of Object.entries(stops)) process.removeListener(signal, stop);
  }
}
