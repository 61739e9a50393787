import type { Seeded } from '@sluice/shared/testing';

/** Asks for a WebSocket. */
export const upgrade = Buffer.from(
  [
    'GET /ws HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '',
    '',
  ].join('\r\n'),
);

const texts = [
  '',
  '{',
  '[]',
  'null',
  '1e999',
  '"',
  '{}',
  '{"action":null}',
  '{"action":"__proto__"}',
  '{"action":"constructor"}',
  '{"action":"toString","id":1}',
  '{"__proto__":{"action":"join"}}',
  '{"action":"join"}',
  '{"action":"join","room":"__proto__"}',
  '{"action":"join","room":"constructor","peerId":"__proto__","metadata":{"__proto__":1}}',
  '{"action":"join","room":"\\ud800"}',
  '{"action":"join","room":"a","id":"\\u0000"}',
  '{"action":"resume","room":"a","peerId":"hasOwnProperty","resumeToken":"x","epoch":0,"seq":0}',
  '{"action":"leave","id":9007199254740993}',
  '{"action":"sendMessage","payload":{"constructor":{}}}',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
]; // prettier-ignore

/** Frames of a WebSocket: some of them whole, some of them wrong in a way of their own. */
export function rawFrames(random: Seeded): Buffer {
  const frames = Array.from({ length: 1 + random.int(8) }, () => rawFrame(random));
  return Buffer.concat(frames);
}

function rawFrame(random: Seeded): Buffer {
  if (random.chance(0.1)) return Buffer.from(Array.from({ length: random.int(64) }, () => random.int(256)));
  const fin = random.chance(0.9) ? 0x80 : 0;
  const reserved = random.chance(0.05) ? 0x40 >> random.int(3) : 0;
  const opcode = random.chance(0.8) ? 1 : random.int(16);
  const masked = random.chance(0.95);
  const payload = payloadOf(random);
  const mask = Buffer.from([1, 2, 3, 4]);
  const body = masked ? payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0)) : payload;
  return Buffer.concat([
    Buffer.from([fin | reserved | opcode]),
    lengthOf(random.chance(0.03) ? random.int(2 ** 31) : payload.length, masked),
    ...(masked ? [mask] : []),
    body,
  ]);
}

function payloadOf(random: Seeded): Buffer {
  if (random.chance(0.1)) return Buffer.from(Array.from({ length: random.int(200) }, () => random.int(256)));
  const text = Buffer.from(random.pick(texts));
  if (random.chance(0.3) && text.length > 0) text[random.int(text.length)] = random.int(256);
  return text;
}

function lengthOf(length: number, masked: boolean): Buffer {
  const flag = masked ? 0x80 : 0;
  if (length < 126) return Buffer.from([flag | length]);
  if (length < 65_536) return Buffer.from([flag | 126, length >> 8, length & 0xff]);
  const head = Buffer.alloc(9);
  head[0] = flag | 127;
  head.writeBigUInt64BE(BigInt(length), 1);
  return head;
}
