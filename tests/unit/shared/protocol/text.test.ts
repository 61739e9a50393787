import { clientActions } from '@sluice/shared/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const join = (fields: object) => clientActions.join.safeParse({ room: 'r', ...fields });

const written = [
  'हिन्दी बैठक',
  'ห้องประชุม',
  'தமிழ் கூட்டம்',
  'فارسی\u200cها',
  'שִׁעוּר',
  'Zürich',
  'Zu\u0308rich',
  '会議室①',
  'Ⅷ. Sitzung',
  '👩‍👩‍👧‍👦',
  '❤️',
  '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
  '👍🏽',
  '🇨🇭',
  'a‌b',
  'Ça va?',
  'x²',
  'ไทย‎ (RTL‏)',
  '\u{1fae8}',
  '__proto__',
  'constructor',
]; // prettier-ignore

it.each(written)('[ST20] %s is a room and a name', (text) => {
  const parsed = join({ room: text, name: text, peerId: text });
  expect(parsed.error?.issues).toBeUndefined();
  expect(parsed.data).toEqual(expect.objectContaining({ room: text.normalize('NFC'), peerId: text.normalize('NFC') }));
  expect(parsed.data?.name).toBe(text);
  expect(clientActions.produceData.shape.label.parse(text)).toBe(text);
});

it.each([
  'auth0|5f7c8ec7c33c6c004bbafe82',
  'jane+test@example.org',
  'CORP\\jane',
  'aGVsbG8+/w==',
  'Zoë',
  'S-1-5-21-1004336348',
  'CN=Jane Doe,OU=Users,DC=corp,DC=example',
  'spiffe://example.org/ns/default/sa/web',
  'urn:oid:1.2.3',
  '{12345678-1234}',
  'jane doe',
  `${'a'.repeat(64)}@${'b'.repeat(185)}.org`, // prettier-ignore
])('[ST21] %s is a peer id', (peerId) => expect(join({ peerId }).success).toBe(true));

const wrong = [
  'tab\there',
  'line\nbreak',
  'nul\0',
  '\u007f',
  '\u2028',
  '\u202eturned',
  '\u2066isolated',
  '\ud83d',
  'x\udc00',
  '\u0085',
];
it.each(wrong)('[ST20] %j is neither a room, nor a peer id, a name, a source or a label', (text) => {
  expect(join({ room: text }).success).toBe(false);
  expect(join({ peerId: text }).success).toBe(false);
  expect(join({ name: text }).success).toBe(false);
  expect(clientActions.updatePeer.safeParse({ name: text }).success).toBe(false);
  expect(clientActions.produce.shape.source.safeParse(text).success).toBe(false);
  expect(clientActions.produceData.shape.label.safeParse(text).success).toBe(false);
});

it.each(['', ' ', '\u200b', '\u3000\ufeff'])('[ST20] %j has nothing to be found by', (text) => {
  expect(join({ room: text }).success).toBe(false);
  expect(join({ peerId: text }).success).toBe(false);
  expect(join({ name: text }).success).toBe(true);
});

it('[ST20] two ways to write one name lead to one room', () => {
  expect(join({ room: 'Zu\u0308rich' }).data?.room).toBe(join({ room: 'Z\u00fcrich' }).data?.room);
  expect(join({ peerId: 'Zoe\u0308' }).data?.peerId).toBe('Zo\u00eb');
});

it('[ST20] what is accepted is accepted again as it then is, so that gateway and node agree', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 140 }), (text) => {
      const once = join({ room: text, peerId: text });
      if (once.success) expect(join(once.data).data).toEqual(once.data);
    }),
    { numRuns: 100 },
  );
});

it('[ST22] JSON is kept as it is, whatever its keys', () => {
  const text = '{"__proto__":{"a":1},"constructor":[],"toString":null,"b":{"__proto__":2},"":0}';
  const parsed = join({ metadata: JSON.parse(text) as unknown });
  expect(JSON.stringify(parsed.data?.metadata)).toBe(text);
  fc.assert(
    fc.property(fc.json(), (json) => {
      const payload = JSON.parse(json) as unknown;
      expect(JSON.stringify(clientActions.sendMessage.parse({ payload }).payload)).toBe(JSON.stringify(payload));
    }),
  );
});

it('[ST22] JSON that is nested too deeply, or none, is refused', () => {
  const nested = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown;
  expect(join({ metadata: nested(100) }).success).toBe(true);
  for (const metadata of [nested(101), nested(2000), NaN, () => 1, 10n, undefined]) {
    expect(clientActions.sendMessage.safeParse({ payload: metadata }).success).toBe(false);
  }
});
