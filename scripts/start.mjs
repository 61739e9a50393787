// npm start: the local cluster, in one process.

import { become } from './setup/execute.mjs';
import { setUp } from './setup.mjs';

await become('apps/local/src/main.ts', await setUp('start'));
