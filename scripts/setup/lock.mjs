// One set-up at a time: two that build the worker, or install into the same folder, would spoil each other's work.

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { atExit } from './cleanup.mjs';

const POLL_MS = 300;
// A holder on another machine that shares the folder can't be asked whether it lives. The longest step, building
// the worker on one slow core, takes a quarter of an hour.
const STALE_MS = 30 * 60_000;

function holderLives(lock) {
  try {
    const pid = Number(readFileSync(join(lock, 'pid'), 'utf8'));
    if (Date.now() - statSync(lock).mtimeMs > STALE_MS) return false;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to someone else. ENOENT: it has only just taken the lock, or just gone.
    return error.code === 'EPERM' || (error.code === 'ENOENT' && isYoung(lock));
  }
}

function isYoung(lock) {
  try {
    return Date.now() - statSync(lock).mtimeMs < 5_000;
  } catch {
    return false;
  }
}

function take(lock) {
  try {
    mkdirSync(lock);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(lock, 'pid'), String(process.pid));
  return true;
}

/** Runs `work` while holding the folder `lock`. `onWait` is called once if another process holds it. */
export async function withLock(lock, onWait, work) {
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; !take(lock); ) {
    if (!holderLives(lock)) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!told) onWait();
    told = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  const callOff = atExit(release);
  try {
    return await work();
  } finally {
    release();
    callOff();
  }
}
