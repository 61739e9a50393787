import { expect, test } from 'vitest';
import { channels } from '../../../../packages/shared/src/bus/channels.ts';
import { hashSlot } from '../../../../packages/shared/src/bus/hash-slot.ts';
import { roomKeys } from '../../../../packages/shared/src/directory/keys.ts';
import { roomNamed } from '../../../../packages/shared/testing/index.ts';

test("slots are Redis's own", () => {
  // As `CLUSTER KEYSLOT` answers.
  const known: Record<string, number> = {
    demo: 903,
    'sluice:room:{demo}:peers': 903,
    '{}x': 10_595,
    'a{': 14_311,
    'foo{{bar}}zap': 4015,
    'Zürich 🎥': 13_024,
    '123456789': 12_739,
  };
  for (const [key, slot] of Object.entries(known)) expect(hashSlot(key), key).toBe(slot);
});

test('[DI24] all keys and the channel of a room are in one slot', () => {
  for (const name of ['demo', 'a:b', 'Zürich 🎥', 'x'.repeat(128)]) {
    const keys = [...roomKeys(roomNamed(name)), channels.room(roomNamed(name))];
    expect(new Set(keys.map(hashSlot)).size).toBe(1);
  }
});
