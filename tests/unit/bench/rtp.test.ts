import { expect, test } from 'vitest';
import { isMedia, Packets } from '../../bench/native/rtp.ts';

test('a packet is as long as asked for, counted on from the last, and says whether it is a key frame', () => {
  const packets = new Packets({ ssrc: 0xabcd, payloadType: 101, bytes: 1200 });
  const first = Buffer.from(packets.next(true));
  const second = Buffer.from(packets.next(false));
  expect(first).toHaveLength(1200);
  expect([first.readUInt16BE(2), second.readUInt16BE(2)]).toEqual([0, 1]);
  expect(first.readUInt32BE(8)).toBe(0xabcd);
  // VP8 (RFC 7741): a partition starts, and the frame's lowest bit is 0 in a key frame.
  expect([first[12], first[13]! & 1, second[13]! & 1]).toEqual([0x10, 0, 1]);
});

test('numbers go round at 16 bits', () => {
  const packets = new Packets({ ssrc: 1, payloadType: 101, bytes: 20 });
  for (let count = 0; count < 65_536; count++) packets.next(false);
  expect(packets.next(false).readUInt16BE(2)).toBe(0);
});

test('RTCP and other payload types are no media', () => {
  const packet = new Packets({ ssrc: 1, payloadType: 101, bytes: 20 }).next(false);
  expect(isMedia(packet, 101)).toBe(true);
  expect(isMedia(packet, 102)).toBe(false);
  expect(isMedia(Buffer.from([0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0]), 72)).toBe(false);
  expect(isMedia(Buffer.alloc(4), 101)).toBe(false);
});
