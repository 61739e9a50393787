import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeRoom, turns } from '../support/fake-room.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pings = (socket: { actions: () => unknown[] }) => socket.actions().filter((action) => action === 'ping').length;

describe('a connection on which nothing is asked', () => {
  test('[CK5] and nothing is heard is taken for dead within six seconds, and another is looked for', async () => {
    const { made, socket, heard } = await fakeRoom();
    await vi.advanceTimersByTimeAsync(6000);
    expect(heard).toEqual(['reconnecting']);
    expect(pings(socket)).toBe(1);
    // A close frame would say that we leave.
    expect(socket.closedWith).toBeUndefined();
    await turns();
    expect(made.length).toBeGreaterThan(1);
  });

  test('[CK5] stands as long as its gateway answers, if only that it knows no ping', async () => {
    const { made, socket, heard } = await fakeRoom();
    socket.onSend = ({ id, action }) =>
      socket.receive({ type: 'error', id, action, code: 'unknownAction', message: '' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(heard).toEqual([]);
    expect(made).toHaveLength(1);
    expect(pings(socket)).toBeGreaterThan(10);
  });

  test('[CK5] is not asked while it has something to say anyway', async () => {
    const { socket } = await fakeRoom();
    for (let second = 0; second < 30; second++) {
      socket.receive({ type: 'activeSpeakers', speakers: [] });
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(pings(socket)).toBe(0);
  });

  test('[CK5] that was held up with its page is asked first, and not given up for what it could not hear', async () => {
    const { socket, heard } = await fakeRoom();
    const answer = ({ id, action }: Record<string, unknown>) => socket.receive({ type: 'ok', id, action });
    vi.setSystemTime(0);
    socket.onSend = (frame) => void setTimeout(() => answer(frame), 100);
    const now = vi.spyOn(performance, 'now');
    const before = performance.now();
    now.mockImplementation(() => before + 50_000 + Date.now());
    await vi.advanceTimersByTimeAsync(2000);
    expect(pings(socket)).toBeGreaterThan(0);
    expect(heard).toEqual([]);
    now.mockRestore();
  });
});
