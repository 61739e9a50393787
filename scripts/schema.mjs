// npm run schema: writes packages/shared/protocol.schema.json anew, after the actions' schemas have changed.

import { become } from './setup/execute.mjs';
import { setUp } from './setup.mjs';

await become('tests/support/write-protocol-schema.ts', await setUp('check'), []);
