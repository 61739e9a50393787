import { connect } from 'node:net';
import type { Seeded } from '@sluice/shared/testing';

const methods = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PATCH',
  'PRI',
  'get',
  '',
  'G\0T',
];
const targets = [
  '/',
  '//',
  '///',
  '//[',
  '//@',
  '/healthz',
  '/readyz',
  '/metrics',
  '/ws',
  '/drain',
  '/nodes/%/drain',
  '/nodes//drain',
  '/nodes/__proto__/drain',
  '/gateways/constructor/drain',
  '/drain?deadlineMs=',
  '/drain?deadlineMs=-1',
  '/?%',
  '/%',
  '/%zz',
  '/%00',
  '/\\',
  '/..//..',
  '/__proto__',
  '/constructor',
  '*',
  '',
  'http:',
  'http://',
  'http://[',
  'http://[::1',
  'http://a:99999/',
  'ws://x/ws',
  'https://a b/',
  ':',
  '?',
  '#',
  '/#',
  '/ws?x=\u{1f600}',
  '/favicon.svg',
  '/app.js/',
]; // prettier-ignore
const headers = [
  'Host: 127.0.0.1',
  'Host:',
  'Host: [',
  'Host: a b',
  'Host: \xff',
  'Connection: close',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Key: x',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Version: -1',
  'Sec-WebSocket-Extensions: permessage-deflate; =',
  'Sec-WebSocket-Protocol: ,,,',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 1e9',
  'Content-Length: 9999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Expect: 100-continue',
  'Expect: the-unexpected',
  'Authorization: Bearer',
  'Authorization: \xff\xfe',
  'Origin: null',
  'Origin: //',
  'Cookie: a',
  ': empty',
  'no colon',
  'X-Forwarded-For: ,',
  'X-Forwarded-For: 999.999.999.999',
  ' folded: yes',
  'Range: bytes=-',
  'Accept-Encoding: *;q=x',
]; // prettier-ignore
const versions = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'HTTP/', '', 'SIP/2.0'];
const endings = ['\r\n', '\r\n', '\r\n', '\n', '\r', '\0'];

/** Bytes in place of a request: mostly HTTP with something wrong, sometimes no HTTP at all. */
export function rawRequest(random: Seeded): Buffer {
  if (random.chance(0.1)) return Buffer.from(Array.from({ length: random.int(400) }, () => random.int(256)));
  const end = random.pick(endings);
  const target = random.chance(0.3) ? `/${randomText(random)}` : random.pick(targets);
  const lines = [`${random.pick(methods)} ${target} ${random.pick(versions)}`];
  if (random.chance(0.7)) lines.push('Host: 127.0.0.1');
  for (let count = random.int(6); count > 0; count--) lines.push(random.pick(headers));
  if (random.chance(0.02)) lines.push(`X: ${'x'.repeat(random.int(100_000))}`);
  const body = random.chance(0.3) ? randomText(random) : '';
  return Buffer.from(lines.join(end) + end + (random.chance(0.95) ? end : '') + body, 'latin1');
}

function randomText(random: Seeded): string {
  return String.fromCharCode(...Array.from({ length: random.int(40) }, () => random.int(256)));
}

/**
 * Sends the bytes over a connection of their own, and `then` when something has come back. Resolves to all that came,
 * when the server has closed or said nothing for a while.
 */
export function throwRaw(port: number, bytes: Buffer, then?: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes));
    socket.setTimeout(300, () => socket.destroy());
    if (then) socket.once('data', () => socket.write(then));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}
