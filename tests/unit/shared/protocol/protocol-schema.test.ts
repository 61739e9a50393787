import { readFileSync } from 'node:fs';
import { actionsJsonSchema } from '@sluice/shared';
import { clientActions } from '@sluice/shared/protocol';
import { expect, it } from 'vitest';

it('[GW49] the JSON Schema of the actions is fresh: `npm run schema` writes it anew', () => {
  const file = new URL('../../../../packages/shared/protocol.schema.json', import.meta.url);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(actionsJsonSchema())));
});

it('[GW49] it has each action, with what it must carry', () => {
  const { $defs } = actionsJsonSchema() as { $defs: Record<string, { required: string[]; properties: object }> };
  expect(Object.keys($defs).sort()).toEqual(['id', ...Object.keys(clientActions)].sort());
  expect($defs['resume']?.required).toEqual(['action', 'room', 'peerId', 'resumeToken', 'epoch', 'seq']);
  expect(Object.keys($defs['consume']?.properties ?? {})).toEqual(
    expect.arrayContaining(['action', 'id', 'producerId', 'producerIds', 'transportId', 'paused', 'preferredLayers']),
  );
});
