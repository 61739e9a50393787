import { expect, test } from 'vitest';
import { RouterCapabilities } from '../../../../apps/signaling/src/nodes/router-capabilities.ts';

const vp8 = { codecs: [] };
const av1 = { headerExtensions: [] };

test("[DI58] a node's answer leaves out what the gateway has, and a node of another version is understood", () => {
  const capabilities = new RouterCapabilities();
  const first = capabilities.forJoin();
  expect(first.params).toEqual({});
  expect(first.read({ rtpCapabilities: vp8, capabilitiesHash: 'one' })).toBe(vp8);
  const second = capabilities.forJoin();
  const third = capabilities.forJoin();
  expect(second.params).toEqual({ knownCapabilities: 'one' });
  // Others, of a newer node; the join that was under way meanwhile has what it was asked with.
  expect(second.read({ rtpCapabilities: av1, capabilitiesHash: 'two' })).toBe(av1);
  expect(third.read({ capabilitiesHash: 'one' })).toBe(vp8);
  expect(capabilities.forJoin().params).toEqual({ knownCapabilities: 'two' });
});

test('[DI58] an answer without capabilities that were not said to be known is a fault', () => {
  const { read } = new RouterCapabilities().forJoin();
  expect(() => read({ capabilitiesHash: 'one' })).toThrow(expect.objectContaining({ code: 'internal' }));
});
