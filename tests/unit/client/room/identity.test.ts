import { joinRoom } from '@sluice/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fakeRoom, turns } from '../support/fake-room.ts';
import { fakeSockets } from '../support/fake-socket.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('[CK16] a room that is joined again with the identity of the one before names its peer and proves that it is its own', async () => {
  const { room } = await fakeRoom();
  const { made, WebSocket } = fakeSockets();
  void joinRoom({ url: 'ws://one/ws', room: 'demo', WebSocket, identity: room.identity }).catch(() => undefined);
  await turns();
  expect(made[0]?.sent[0]).toMatchObject({ action: 'join', peerId: 'me', resumeToken: 'token' });
  expect(made[0]?.sent[0]).not.toHaveProperty('identity');
});

test('[CK9] an answer to a join that does not fit is an error of its own, and nothing stays open', async () => {
  const { made, WebSocket } = fakeSockets();
  const joining = joinRoom({ url: 'ws://one/ws', room: 'demo', WebSocket }).catch((error: unknown) => error);
  await turns();
  made[0]?.answer('join', { type: 'joined', room: 'demo' });
  expect(await joining).toMatchObject({ name: 'SluiceClientError', code: 'badFrame' });
  expect(made[0]?.closedWith).toBe(1000);
});
