// npm run cluster: the local cluster as a process for each gateway and node, over Redis.

import { become } from './setup/execute.mjs';
import { setUp } from './setup.mjs';

await become('apps/local/src/cluster-main.ts', await setUp('cluster'));
