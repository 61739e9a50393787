import { maxFrameBytes } from '@sluice/shared/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../unit/signaling/support/eventually.ts';
import { ManualClock } from '@sluice/shared/testing';
import { Client, Place, RudeClient } from './support.ts';

const refused = 'The connection was refused.';

/** A `sendMessage` of exactly so many bytes: spaces count too. */
function frameOf(bytes: number, id: number): string {
  const frame = JSON.stringify({ action: 'sendMessage', payload: 1, id });
  return frame.padEnd(bytes, ' ');
}

test('[GW7] a frame of 64 KiB is read, one byte more is answered with an error, and the connection lives', async () => {
  await using place = await Place.create();
  const client = await place.connect();
  await client.ask({ action: 'join', room: 'demo', id: 'join' });
  client.socket.send(frameOf(maxFrameBytes, 1));
  expect(await client.waitFor('messageSent')).toMatchObject({ id: 1 });
  client.socket.send(frameOf(maxFrameBytes + 1, 2));
  expect(await client.waitFor('error')).toMatchObject({ code: 'badRequest', details: { path: '' } });
  client.socket.send(frameOf(1_000_000, 3));
  await client.waitFor('error', 2);
  expect((await client.ask({ action: 'leave', id: 4 })).type).toBe('ok');
});

test('[GW7] bytes are counted, not characters', async () => {
  await using place = await Place.create();
  const client = await place.connect();
  const name = 'ü'.repeat(maxFrameBytes / 2);
  client.socket.send(JSON.stringify({ action: 'join', room: name }));
  expect(await client.waitFor('error')).toMatchObject({ details: { path: '' } });
  client.socket.send(JSON.stringify({ action: 'join', room: 'Küche', id: 1 }));
  expect(await client.waitFor('joined')).toMatchObject({ room: 'Küche' });
});

test('[GW7] a binary frame is answered with an error, and the connection lives', async () => {
  await using place = await Place.create();
  const client = await place.connect();
  client.socket.send(new TextEncoder().encode('{"action":"leave"}'));
  expect(await client.waitFor('error')).toMatchObject({ code: 'badRequest' });
  expect(await client.ask({ action: 'leave', id: 1 })).toMatchObject({ code: 'notJoined' });
});

test('[GW7] megabytes in one frame close the connection, and no other', async () => {
  await using place = await Place.create();
  const [greedy, modest] = [await place.connect(), await place.connect()];
  greedy.socket.send('x'.repeat(2_000_000));
  await greedy.closed();
  expect((await modest.ask({ action: 'join', room: 'demo', id: 1 })).type).toBe('joined');
});

test('[GW23] a client that answers no ping is dropped after six seconds, one that does is not', async () => {
  const clock = new ManualClock();
  await using place = await Place.create({ clock });
  const polite = await place.connect();
  const rude = await RudeClient.connect(place.gateway.port);
  await eventually(() => place.gateway.sessions === 2);
  // Each step leaves time for the pongs of the one who sends them.
  await clock.advance(5750);
  expect(place.gateway.sessions).toBe(2);
  await clock.advance(3000);
  await eventually(() => rude.gone);
  expect(place.gateway.sessions).toBe(1);
  expect((await polite.ask({ action: 'join', room: 'demo', id: 1 })).type).toBe('joined');
  expect(await place.metrics()).toContain('sfu_gateway_connections_closed_total{reason="dead"} 1');
  // A ping is an empty frame, opcode 9.
  expect(rude.received.includes(Buffer.from([0x89, 0x00]))).toBe(true);
});

test('[GW25] a client that reads nothing is closed with 4001 beyond a mebibyte; the others miss nothing', async () => {
  await using place = await Place.create();
  const rude = await RudeClient.connect(place.gateway.port);
  rude.say({ action: 'join', room: 'demo', id: 1 });
  await eventually(() => rude.received.includes('joined'));
  rude.tcp.pause();
  const reader = await place.connect();
  const { seq, peerId } = (await reader.ask({ action: 'join', room: 'demo', id: 1 })) as unknown as {
    seq: number;
    peerId: string;
  };
  const owner = { node: place.node.id, boot: place.node.boot };
  const payload = 'x'.repeat(16_000);
  let sent = 0;
  const isClosed = async () => (await place.metrics()).includes('closed_total{reason="slowConsumer"} 1');
  while (!(await isClosed())) {
    if (sent > 5000) throw new Error('Nobody was closed.');
    for (let count = 0; count < 50; count++, sent++) {
      const change = { type: 'message' as const, from: peerId as never, payload };
      await place.node.directory.commit('demo' as never, owner, [change]);
    }
  }
  await eventually(() => reader.frames.filter(({ type }) => type === 'message').length === sent, 20_000);
  const seqs = reader.frames.filter(({ type }) => type === 'message').map((frame) => frame['seq']);
  expect(seqs[0]).toBe(seq + 1);
  expect(reader.closedWith).toBeUndefined();
  // Its peer stays: a client that was only slow may come back and resume.
  await eventually(() => place.node.called('detachPeer').length === 1);
  expect(await place.metrics()).toContain('sfu_gateway_buffered_bytes 0');
  // What it finds at the end of what was buffered is the close frame, with the code.
  rude.tcp.resume();
  const code = Buffer.from([4001 >> 8, 4001 & 0xff]);
  await eventually(() => rude.received.includes(code), 20_000);
});

test('[GW26] a gateway says goodbye: 4000, then nobody is let in', async () => {
  const place = await Place.create();
  const [ann, bob] = [await place.connect(), await place.connect()];
  await ann.ask({ action: 'join', room: 'demo', id: 1 });
  const { port } = place.gateway;
  await place[Symbol.asyncDispose]();
  expect((await ann.closed()).code).toBe(4000);
  expect((await bob.closed()).code).toBe(4000);
  expect(place.node.called('detachPeer')).toHaveLength(1);
  await expect(new Client(`ws://127.0.0.1:${port}/ws`).opened).rejects.toThrow(refused);
});

test('[GW26] a port that is taken is said so, and nothing is left running', async () => {
  await using place = await Place.create();
  const settings = { PORT: String(place.gateway.port) };
  await expect(place.addGateway(settings)).rejects.toThrow('Could not start addresses and ports');
  expect((await (await place.connect()).ask({ action: 'join', room: 'demo', id: 1 })).type).toBe('joined');
});

test('[GW26] a gateway listens on its host alone', async () => {
  await using place = await Place.create();
  await expect(fetch(`http://127.0.0.2:${place.gateway.port}/`)).rejects.toThrow('fetch failed');
});

test('[GW26] several gateways in one process share a room', async () => {
  await using place = await Place.create();
  const second = await place.addGateway();
  const ann = await place.connect();
  const bob = await place.connect(second);
  await ann.ask({ action: 'join', room: 'demo', id: 1 });
  await bob.ask({ action: 'join', room: 'demo', id: 1 });
  await bob.ask({ action: 'sendMessage', payload: 'hello', id: 2 });
  expect(await ann.waitFor('message')).toMatchObject({ payload: 'hello' });
  await second.stop();
  expect((await bob.closed()).code).toBe(4000);
  expect(place.node.called('detachPeer')).toHaveLength(1);
  expect(ann.frames.filter(({ type }) => type === 'peerLeft')).toEqual([]);
});

test('[GW27] connections beyond the limit are refused, and let in when there is room', async () => {
  await using place = await Place.create({ settings: { MAX_SESSIONS: '2' } });
  const [first] = [await place.connect(), await place.connect()];
  await expect(place.connect()).rejects.toThrow(refused);
  first.socket.close();
  await eventually(() => place.gateway.sessions === 1);
  await place.connect();
});

test('[GW27] pages of other origins are refused where origins are named; clients without one are let in', async () => {
  await using place = await Place.create({ settings: { ALLOWED_ORIGINS: 'https://meet.example' } });
  await expect(place.connect(place.gateway, { origin: 'https://evil.example' })).rejects.toThrow(refused);
  await place.connect(place.gateway, { origin: 'https://meet.example' });
  await place.connect();
});

test('[GW28] the page and its files are served, and nothing else', async () => {
  const page = new Map([
    ['/', { type: 'text/html; charset=utf-8', body: '<p>Grüezi</p>' }],
    ['/app.js', { type: 'text/javascript', body: new TextEncoder().encode('let a;') }],
  ]);
  await using place = await Place.create({ page });
  const base = `http://127.0.0.1:${place.gateway.port}`;
  const index = await fetch(`${base}/?room=x`);
  expect([index.status, index.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(index.headers.get('x-content-type-options')).toBe('nosniff');
  expect(await index.text()).toBe('<p>Grüezi</p>');
  expect(await (await fetch(`${base}/app.js`)).text()).toBe('let a;');
  const head = await fetch(`${base}/app.js`, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '6']);
  for (const path of ['/other', '/..%2fetc/passwd', '/ws', '/metrics']) {
    expect((await fetch(`${base}${path}`)).status).toBe(404);
  }
  expect((await fetch(base, { method: 'POST', body: 'x' })).status).toBe(404);
});

test('[GW28] without DEV_PAGE there is no page', async () => {
  const page = new Map([['/', { type: 'text/html', body: 'x' }]]);
  await using place = await Place.create({ page, settings: { DEV_PAGE: 'false' } });
  expect((await fetch(`http://127.0.0.1:${place.gateway.port}/`)).status).toBe(404);
});

test('[GW29] alive and ready are two things', async () => {
  await using place = await Place.create();
  const get = (path: string) => fetch(`http://127.0.0.1:${place.gateway.opsPort}${path}`);
  expect((await get('/readyz')).status).toBe(200);
  place.hub.setAway(true);
  expect((await get('/healthz')).status).toBe(200);
  const notReady = await get('/readyz');
  expect([notReady.status, await notReady.json()]).toEqual([503, { ready: false, reasons: ['the bus is not heard'] }]);
  place.hub.setAway(false);
  expect((await get('/readyz')).status).toBe(200);
  expect(await place.metrics()).toContain('sfu_build_info{role="gateway"');
});

test('[GW37] behind a proxy a client is where that says it is: what it claims itself before that counts nothing', async () => {
  await using place = await Place.create({ settings: { BEHIND_PROXY: 'true' } });
  const from = (forwarded: string) => place.connect(place.gateway, { 'x-forwarded-for': forwarded });
  const wrong = (peerId: string) => {
    return { action: 'resume', room: 'demo', peerId, resumeToken: 'wrong', epoch: 1, seq: 0, id: peerId };
  };
  const flooder = await from('198.51.100.1, 203.0.113.9');
  for (let index = 0; index < 100; index++) flooder.socket.send(JSON.stringify(wrong(`peer-${index}`)));
  const again = await from('198.51.100.2, 203.0.113.9');
  const codes = new Set<unknown>();
  for (let index = 0; index < 1000 && !codes.has('tooManyRequests'); index++) {
    codes.add((await again.ask(wrong(`next-${index}`)))['code']);
  }
  expect(codes).toContain('tooManyRequests');
  const other = await from('203.0.113.9, 203.0.113.10');
  expect(await other.ask(wrong('somebody'))).toMatchObject({ code: 'resumeRejected' });
});

test('[GW46] a connection that joins no room is closed with 4003 and the reason', async () => {
  await using place = await Place.create({ settings: { UNJOINED_MS: '200' } });
  const idle = await place.connect();
  const ann = await place.connect();
  await ann.ask({ action: 'join', room: 'demo', id: 1 });
  expect(await idle.closed()).toEqual({ code: 4003, reason: 'In no room for 200 ms: connect again to join.' });
  expect((await ann.ask({ action: 'ping', id: 2 })).type).toBe('ok');
});

test('[GW48] connections of one address beyond the limit are refused and counted, and taken again when one has gone', async () => {
  const settings = { BEHIND_PROXY: 'true', MAX_SESSIONS_PER_ADDRESS: '2' };
  await using place = await Place.create({ settings });
  const from = (address: string) => place.connect(place.gateway, { 'x-forwarded-for': address });
  const first = await from('203.0.113.9');
  await from('203.0.113.9');
  await expect(from('203.0.113.9')).rejects.toThrow('refused');
  await from('203.0.113.10');
  expect(await place.metrics()).toContain('sfu_gateway_connections_refused_total{reason="address"} 1');
  first.socket.close();
  await eventually(() => from('203.0.113.9').then(() => true));
});

test('[GW42] a thousand events of one change reach two real sockets whole and in order', async () => {
  await using place = await Place.create();
  const clients = [await place.connect(), await place.connect()];
  for (const client of clients) await client.ask({ action: 'join', room: 'demo', id: 1 });
  const { node } = place;
  const [from = ''] = [...node.peers.keys()];
  const changes = Array.from({ length: 1000 }, (_, payload) => ({ type: 'message', from, payload }) as never);
  await node.directory.commit('demo' as never, { node: node.id, boot: node.boot }, changes);
  const heard = (client: (typeof clients)[number]) =>
    client.frames.filter(({ type }) => type === 'message').map(({ payload }) => payload);
  for (const client of clients) {
    await eventually(() => heard(client).length === 1000);
    expect(heard(client)).toEqual(Array.from({ length: 1000 }, (_, payload) => payload));
  }
});
