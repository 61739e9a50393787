// npm run chaos [-- OPTION…]: real processes, each fault of the catalogue done to them, and what people noticed of it.

import { become } from './setup/execute.mjs';
import { setUp } from './setup.mjs';

await become('tests/chaos/main.ts', await setUp('chaos'), process.argv.slice(2));
