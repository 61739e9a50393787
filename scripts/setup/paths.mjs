// Where things are: in the clone, and in the user's cache, which all clones share.

import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const inRoot = (...parts) => join(root, ...parts);
export const nodeModules = inRoot('node_modules');

/** Scratch of this clone: logs and locks. Ignored by git. */
export const scratch = inRoot('.sluice');

export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sluice');

/** `linux-x64`, as in the names of npm's node packages and of mediasoup's prebuilt workers. */
export const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
