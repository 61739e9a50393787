import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ada, fakeRoom, turns } from '../support/fake-room.ts';
import type { FakeSocket } from '../support/fake-socket.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const message = (seq: number) => ({ type: 'message', epoch: 3, seq, from: 'ada', payload: seq });
const resumed = (rest: object) => ({ type: 'resumed', node: 'node-1', epoch: 3, seq: 12, ...rest });

/** The connection that is tried next, open and with its `resume` sent. */
async function next(made: FakeSocket[], index: number): Promise<FakeSocket> {
  // The first attempt is spread over a quarter of a second.
  await vi.advanceTimersByTimeAsync(251);
  await turns();
  const socket = made[index];
  if (!socket) throw new Error('Nobody has tried again.');
  return socket;
}

test('what comes in the same turn as the answer to `join` is heard, in order, by listeners that are set at once', async () => {
  const { heard, socket } = await fakeRoom({ behind: [message(11), message(12)] });
  socket.receive(message(13));
  await vi.advanceTimersByTimeAsync(1);
  socket.receive(message(14));
  expect(heard).toEqual([11, 12, 13, 14]);
});

describe('a room whose connection is lost', () => {
  test('is taken up by the next gateway, says from where, and catches up in order without a repetition', async () => {
    const { room, made, socket, heard } = await fakeRoom();
    socket.receive(message(11));
    socket.end(1006);
    const second = await next(made, 1);
    expect(second.url).toBe('ws://two/ws');
    expect(second.sent[0]).toMatchObject({
      action: 'resume',
      room: 'demo',
      peerId: 'me',
      resumeToken: 'token',
      seq: 11,
    });
    second.answer('resume', resumed({ seq: 13, events: [message(11), message(12), message(13)] }));
    await turns();
    expect(heard).toEqual([11, 'reconnecting', 12, 13, 'reconnected']);
    second.receive(message(14));
    expect(heard.at(-1)).toBe(14);
    expect(room.closed).toBe(false);
  });

  test('tells the difference to a snapshot as if it had seen it happen', async () => {
    const { room, made, socket, heard } = await fakeRoom();
    socket.end(1006);
    const second = await next(made, 1);
    const microphone = { producerId: 'mic', kind: 'audio', source: 'microphone', paused: false };
    const snapshot = {
      room: 'demo',
      epoch: 3,
      seq: 40,
      peers: [
        { ...ada, node: 'node-2', producers: [microphone] },
        { peerId: 'bob', node: 'node-1', producers: [{ ...microphone, producerId: 'bobs' }] },
      ],
    };
    second.answer('resume', resumed({ seq: 40, snapshot }));
    await turns();
    const told = ['peerUpdated', 'producerAdded', 'producerClosed', 'peerJoined', 'producerAdded'];
    expect(heard).toEqual(['reconnecting', ...told, 'reconnected']);
    expect([...(room.peers.get('ada')?.producers.keys() ?? [])]).toEqual(['mic']);
    second.receive(message(40));
    expect(heard.at(-1)).toBe('reconnected');
  });

  test('[GW38] knows the node of its own media, which the snapshot leaves out, and a move says', async () => {
    const { room, made, socket } = await fakeRoom();
    expect(room.node).toBe('node-1');
    socket.end(1006);
    const second = await next(made, 1);
    const snapshot = { room: 'demo', epoch: 3, seq: 40, peers: [ada] };
    second.answer('resume', resumed({ node: 'node-2', seq: 40, snapshot }));
    await turns();
    expect(room.node).toBe('node-2');
    const given = { rtpCapabilities: { codecs: [] }, producerTransport: { id: 's' }, consumerTransport: { id: 'r' } };
    second.receive({ type: 'move', node: 'node-3', reason: 'nodeLost', deadlineMs: 0, consumers: [], ...given });
    expect(room.node).toBe('node-3');
    second.receive({ type: 'peerUpdated', epoch: 3, seq: 41, peerId: 'ada', node: 'node-9' });
    expect(room.node).toBe('node-3');
    second.receive({ type: 'peerUpdated', epoch: 3, seq: 42, peerId: 'me', node: 'node-4' });
    expect(room.node).toBe('node-4');
  });

  test('[NO57] those who spoke before the loss are no speakers until they are told again', async () => {
    const { room, made, socket } = await fakeRoom();
    const told: string[][] = [];
    room.on('activeSpeakers', (speakers) => told.push(speakers.map(({ peerId }) => peerId)));
    const speakers = [{ peerId: 'ada', volume: -20 }];
    socket.receive({ type: 'activeSpeakers', speakers });
    socket.end(1006);
    const second = await next(made, 1);
    second.answer('resume', resumed({ seq: 10, events: [] }));
    await turns();
    expect(told).toEqual([['ada'], []]);
    second.receive({ type: 'activeSpeakers', speakers });
    expect(told.at(-1)).toEqual(['ada']);
  });

  test('a snapshot that says what is known already tells nothing', async () => {
    const { made, socket, heard } = await fakeRoom();
    socket.end(1006);
    const second = await next(made, 1);
    second.answer('resume', resumed({ seq: 10, snapshot: { room: 'demo', epoch: 3, seq: 10, peers: [ada] } }));
    await turns();
    expect(heard).toEqual(['reconnecting', 'reconnected']);
  });

  test('fails what was on its way, and keeps what is asked meanwhile until it is back', async () => {
    const { room, made, socket } = await fakeRoom();
    const onItsWay = room.sendMessage('lost').catch((error: unknown) => error);
    socket.end(1006);
    const waiting = room.sendMessage('kept');
    expect(await onItsWay).toMatchObject({ code: 'connectionLost', temporary: true });
    const second = await next(made, 1);
    expect(second.actions()).toEqual(['resume']);
    second.answer('resume', resumed({ events: [] }));
    await turns();
    expect(second.sent[1]).toMatchObject({ action: 'sendMessage', payload: 'kept' });
    second.answer('sendMessage', { type: 'messageSent', seq: 15 });
    expect(await waiting).toBe(15);
  });

  test('gives up what has waited for its deadline', async () => {
    const { room, socket } = await fakeRoom();
    socket.end(1006);
    const waiting = room.sendMessage('late').catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await waiting).toMatchObject({ code: 'timedOut', temporary: true });
  });

  test('tries again, by turns, and ends when the window is over: to be joined anew', async () => {
    const { made, socket, heard } = await fakeRoom({ resumeWindowMs: 3000 });
    socket.end(1006);
    for (let index = 1; index < 8 && heard.length < 2; index++) {
      (await next(made, made.length - 1)).end(1006);
      await vi.advanceTimersByTimeAsync(1000);
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect(made.slice(1, 4).map(({ url }) => url)).toEqual(['ws://two/ws', 'ws://one/ws', 'ws://two/ws']);
    expect(heard).toEqual(['reconnecting', { reason: 'connectionLost', comeBack: true }]);
  });

  test('ends, to be joined anew, when the server has given it up', async () => {
    const { made, socket, heard } = await fakeRoom();
    socket.end(4000, 'going away');
    const second = await next(made, 1);
    second.answer('resume', { type: 'error', code: 'resumeRejected', message: '', temporary: false });
    await turns();
    expect(heard).toEqual(['reconnecting', { reason: 'resumeRejected', comeBack: true }]);
  });

  test.each([
    [4501, 'kicked'],
    [4504, 'resumedElsewhere'],
  ])('is over when the close code %i says not to come back', async (code, reason) => {
    const { made, socket, heard } = await fakeRoom();
    socket.end(code);
    await vi.advanceTimersByTimeAsync(1000);
    expect(heard).toEqual([{ reason, comeBack: false }]);
    expect(made).toHaveLength(1);
  });

  test('takes a connection that answers nothing for lost, without a close frame that would mean leaving', async () => {
    const { room, made, socket, heard } = await fakeRoom();
    const asked = room.sendMessage('hello?').catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await asked).toMatchObject({ code: 'connectionLost' });
    expect(socket.closedWith).toBeUndefined();
    const second = await next(made, 1);
    second.answer('resume', resumed({ events: [] }));
    await turns();
    expect(heard).toEqual(['reconnecting', 'reconnected']);
    expect(socket.closedWith).toBe(1000);
  });
});

describe('a gateway that goes away', () => {
  test('is left for another while it stands, unnoticed: the old one ends with 4504', async () => {
    const { room, made, socket, heard } = await fakeRoom();
    socket.receive({ type: 'goingAway', reconnectAfterMs: 500 });
    await vi.advanceTimersByTimeAsync(499);
    expect(made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    const second = await next(made, 1);
    socket.receive(message(11));
    const asked = room.sendMessage('by the old one');
    second.answer('resume', resumed({ seq: 12, events: [message(11), message(12)] }));
    await turns();
    socket.answer('sendMessage', { type: 'messageSent', seq: 13 });
    expect(await asked).toBe(13);
    socket.end(4504);
    expect(heard).toEqual([11, 12]);
    expect(room.closed).toBe(false);
    void room.sendMessage('by the new one').catch(() => undefined);
    await turns();
    expect(second.actions()).toEqual(['resume', 'sendMessage']);
  });

  test('that is closed for our own resume, whose answer is still on its way, ends nothing', async () => {
    const { room, made, socket, heard } = await fakeRoom();
    socket.receive({ type: 'goingAway', reconnectAfterMs: 10 });
    await vi.advanceTimersByTimeAsync(10);
    const second = await next(made, 1);
    socket.end(4504);
    await turns();
    expect(room.closed).toBe(false);
    second.answer('resume', resumed({ seq: 11, events: [message(11)] }));
    await turns();
    second.receive(message(12));
    expect(heard).toEqual([11, 12]);
  });

  test('that is closed for a resume of somebody else ends the room', async () => {
    const { room, socket } = await fakeRoom();
    socket.end(4504);
    expect(room.closed).toBe(true);
  });

  test('that closes before the time is up is a lost connection like another', async () => {
    const { made, socket, heard } = await fakeRoom();
    socket.receive({ type: 'goingAway', reconnectAfterMs: 60_000 });
    socket.end(4000);
    const second = await next(made, 1);
    second.answer('resume', resumed({ events: [] }));
    await turns();
    expect(heard).toEqual(['reconnecting', 'reconnected']);
  });
});
