import { writeFileSync } from 'node:fs';
import { actionsJsonSchema } from '@sluice/shared';

const file = new URL('../../packages/shared/protocol.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(actionsJsonSchema(), null, 2)}\n`);
