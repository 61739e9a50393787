import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeRoom } from '../support/fake-room.ts';
import type { FakeSocket } from '../support/fake-socket.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A gateway's own limits: it lets 200 through at once and 50 a second, and answers 10 ms later. */
function limited(socket: FakeSocket) {
  let allowed = 200;
  let at = performance.now();
  const heard: unknown[] = [];
  const refused: unknown[] = [];
  let unanswered = 0;
  let mostUnanswered = 0;
  socket.onSend = ({ id, action, payload }) => {
    const now = performance.now();
    allowed = Math.min(200, allowed + ((now - at) * 50) / 1000);
    at = now;
    mostUnanswered = Math.max(mostUnanswered, ++unanswered);
    const isLetThrough = allowed-- >= 1;
    (isLetThrough ? heard : refused).push(payload ?? action);
    setTimeout(() => {
      unanswered--;
      if (isLetThrough) socket.receive({ type: 'messageSent', id, seq: heard.length });
      else socket.receive({ type: 'error', id, action, code: 'tooManyRequests', message: '', temporary: true });
    }, 10);
  };
  return { heard, refused, mostUnanswered: () => mostUnanswered };
}

describe('a room that is asked for much at once', () => {
  test('[CK8] sends 300 messages of one tick, all of them, in their order, as fast as a gateway takes them', async () => {
    const { room, socket } = await fakeRoom();
    const gateway = limited(socket);
    const all = Promise.all(Array.from({ length: 300 }, (_, index) => room.sendMessage(index)));
    await vi.advanceTimersByTimeAsync(8000);
    await all;
    expect(gateway.heard.filter((one) => typeof one === 'number')).toEqual(
      Array.from({ length: 300 }, (_, index) => index),
    );
    expect(gateway.refused).toEqual([]);
    expect(gateway.mostUnanswered()).toBeLessThanOrEqual(24);
    expect(room.closed).toBe(false);
  });

  test('[CK8] refuses what is beyond all reason one by one, and lives', async () => {
    const { room, socket } = await fakeRoom();
    limited(socket);
    const all = Promise.allSettled(Array.from({ length: 2000 }, (_, index) => room.sendMessage(index)));
    await vi.advanceTimersByTimeAsync(60_000);
    const refused = (await all).filter(({ status }) => status === 'rejected');
    expect(refused.length).toBe(2000 - 1024 - 24);
    expect(refused[0]).toMatchObject({ reason: { code: 'tooManyRequests', temporary: true } });
    expect(room.closed).toBe(false);
  });

  test('[CK8] waits as long as the gateway asks, and says what was refused again, in its order', async () => {
    const { room, socket } = await fakeRoom();
    const heard: unknown[] = [];
    let refusals = 3;
    socket.onSend = ({ id, action, payload }) => {
      if (refusals-- > 0) {
        const details = { retryAfterMs: 2000 };
        socket.receive({ type: 'error', id, action, code: 'tooManyRequests', message: '', temporary: true, details });
        return;
      }
      heard.push(payload);
      socket.receive({ type: 'messageSent', id, seq: heard.length });
    };
    const all = Promise.all(['a', 'b', 'c'].map((payload) => room.sendMessage(payload)));
    await vi.advanceTimersByTimeAsync(1900);
    expect(heard).toEqual([]);
    await vi.advanceTimersByTimeAsync(3000);
    await all;
    expect(heard.filter((payload) => payload !== undefined)).toEqual(['a', 'b', 'c']);
  });

  test('[CK8] lets nothing that carries the media wait behind messages', async () => {
    const { room, socket } = await fakeRoom();
    const { heard } = limited(socket);
    const messages = Array.from({ length: 300 }, (_, index) => room.sendMessage(index));
    const update = room.updateSelf({ name: 'Me' });
    await vi.advanceTimersByTimeAsync(20);
    await update;
    expect(heard).toContain('updatePeer');
    expect(heard.length).toBeLessThan(100);
    await vi.advanceTimersByTimeAsync(8000);
    await Promise.all(messages);
  });
});
