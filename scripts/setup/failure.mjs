// A set-up step that cannot go on says three things: what failed, why, and what the reader can do about it.

import { red, say } from './terminal.mjs';

export class SetupFailure extends Error {
  constructor(what, why, remedy) {
    super(`${what} · ${why} · ${remedy}`);
    this.name = 'SetupFailure';
  }
}

/** Prints the failure and ends the process. The stack is for debugging the set-up itself. */
export function exitWith(error) {
  const known = error instanceof SetupFailure;
  say(`${red('✗')} ${known ? error.message : `The set-up failed · ${error.message} · run it again with DEBUG=1`}`);
  if (process.env.DEBUG) say(error.stack);
  process.exit(1);
}
