import { type BootId, type Member, namesakeFault, type NodeId } from '@sluice/shared';
import { expect, it } from 'vitest';

const member = (id: string, boot: string, heardAt: number) =>
  ({ report: { kind: 'node', id, boot }, heardAt }) as Member;
const own = { kind: 'node', id: 'a' as NodeId, boot: 'mine' as BootId } as const;
const at = { now: 5000, withinMs: 1000 };

it('[ST18] another living process of the same name is a fault', () => {
  const fault = namesakeFault([member('a', 'mine', 4900), member('a', 'other', 4500)], own, at);
  expect(fault).toBe('another node is called a too: NODE_ID must be different for each');
});

it('[ST18] oneself, others, and the boot before this one that has fallen silent are none', () => {
  const members = [member('a', 'mine', 5000), member('b', 'other', 5000), member('a', 'before', 4000)];
  expect(namesakeFault(members, own, at)).toBeUndefined();
});
