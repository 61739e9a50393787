import { Connection } from '@sluice/client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeSockets } from '../support/fake-socket.ts';

async function connect(deadlineMs = 1000) {
  const { made, WebSocket } = fakeSockets();
  const connection = await Connection.open('ws://gateway/ws', { deadlineMs, WebSocket });
  return { connection, socket: made[0]! };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a connection', () => {
  test('matches replies by id, in whatever order they come', async () => {
    const { connection, socket } = await connect();
    const first = connection.request('pauseProducer', { producerId: 'a' });
    const second = connection.request('sendMessage', { payload: 'hello' });
    expect(socket.sent).toEqual([
      { action: 'pauseProducer', producerId: 'a', id: 1 },
      { action: 'sendMessage', payload: 'hello', id: 2 },
    ]);
    socket.answer('sendMessage', { type: 'messageSent', seq: 7 });
    socket.answer('pauseProducer', { type: 'ok', action: 'pauseProducer' });
    expect(await second).toMatchObject({ type: 'messageSent', seq: 7 });
    expect(await first).toMatchObject({ type: 'ok' });
  });

  test('rejects with the code, the message and the temporary flag that the server sent', async () => {
    const { connection, socket } = await connect();
    const request = connection.request('leave', {});
    socket.answer('leave', { type: 'error', code: 'nodeUnavailable', message: 'Away.', temporary: true });
    await expect(request).rejects.toMatchObject({ code: 'nodeUnavailable', message: 'Away.', temporary: true });
  });

  test('gives up at the deadline and ignores the answer that comes after it', async () => {
    const { connection, socket } = await connect(500);
    const request = connection.request('leave', {});
    const outcome = request.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(500);
    expect(await outcome).toMatchObject({ code: 'timedOut', temporary: true });
    const events: unknown[] = [];
    connection.on('event', (event) => events.push(event));
    socket.answer('leave', { type: 'ok', action: 'leave' });
    expect(events).toEqual([]);
  });

  test('fails everything that waits when it ends, and everything asked after', async () => {
    const { connection, socket } = await connect();
    const ends: unknown[] = [];
    connection.on('closed', (end) => ends.push(end));
    const request = connection.request('leave', {});
    socket.end(4000, 'going away');
    await expect(request).rejects.toMatchObject({ code: 'connectionLost', temporary: true });
    await expect(connection.request('leave', {})).rejects.toMatchObject({ code: 'connectionLost' });
    expect(ends).toEqual([{ code: 4000, reason: 'going away', comeBack: true }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    [1006, true],
    [4000, true],
    [4499, true],
    [4500, false],
    [4504, false],
  ])('close code %i says whether to come back: %s', async (code, comeBack) => {
    const { connection, socket } = await connect();
    const ends: { comeBack: boolean }[] = [];
    connection.on('closed', (end) => ends.push(end));
    socket.end(code);
    expect(ends[0]?.comeBack).toBe(comeBack);
  });

  test('hands on events in order, and errors that answer nothing apart from them', async () => {
    const { connection, socket } = await connect();
    const heard: unknown[] = [];
    connection.on('event', ({ type }) => heard.push(type));
    connection.on('error', ({ code }) => heard.push(code));
    socket.receive({ type: 'goingAway', reconnectAfterMs: 10 });
    socket.receive({ type: 'error', code: 'tooManyRequests', message: '', temporary: true });
    socket.receive({ type: 'message', epoch: 1, seq: 1, from: 'p', payload: 1 });
    expect(heard).toEqual(['goingAway', 'tooManyRequests', 'message']);
  });

  test('on() returns off', async () => {
    const { connection, socket } = await connect();
    let heard = 0;
    const off = connection.on('event', () => heard++);
    socket.receive({ type: 'goingAway', reconnectAfterMs: 10 });
    off();
    off();
    socket.receive({ type: 'goingAway', reconnectAfterMs: 10 });
    expect(heard).toBe(1);
  });

  test('says that the server is unreachable when the WebSocket does not open', async () => {
    const { WebSocket } = fakeSockets({ refuse: true });
    const opening = Connection.open('ws://nobody/ws', { WebSocket });
    await expect(opening).rejects.toMatchObject({ code: 'unreachable', temporary: true });
    expect(vi.getTimerCount()).toBe(0);
  });
});
