import { joinRoom, type Room } from '@sluice/client';
import type { PeerInfo } from '@sluice/shared/protocol';
import { type FakeSocket, fakeSockets } from './fake-socket.ts';

export const ada: PeerInfo = {
  peerId: 'ada',
  name: 'Ada',
  node: 'node-1',
  producers: [{ producerId: 'cam', kind: 'video', source: 'camera', paused: false }],
};

const joined = {
  type: 'joined',
  room: 'demo',
  peerId: 'me',
  node: 'node-1',
  epoch: 3,
  seq: 10,
  peers: [ada],
  resumeToken: 'token',
  rtpCapabilities: { codecs: [] },
  iceServers: [],
};

/** A room without media, whose gateways are the test. Under fake timers. */
export async function fakeRoom(options: { urls?: string[]; resumeWindowMs?: number; behind?: object[] } = {}) {
  const { made, WebSocket } = fakeSockets();
  const { urls = ['ws://one/ws', 'ws://two/ws'], behind = [], ...given } = options;
  const joining = joinRoom({ url: urls, room: 'demo', WebSocket, autoSubscribe: false, ...given });
  await turns();
  const socket = made[0] as FakeSocket;
  socket.answer('join', joined);
  // In the same turn as the answer, as outside of browsers.
  for (const frame of behind) socket.receive(frame);
  const room = await joining;
  return { room, made, socket, heard: listen(room) };
}

/** Lets everything happen that waits for nothing but its turn. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

function listen(room: Room): unknown[] {
  const heard: unknown[] = [];
  const names = [
    'peerJoined',
    'peerLeft',
    'peerUpdated',
    'producerAdded',
    'producerClosed',
    'producerChanged',
  ] as const;
  for (const name of names) room.on(name, () => heard.push(name));
  room.on('message', ({ payload }) => heard.push(payload));
  room.on('reconnecting', () => heard.push('reconnecting'));
  room.on('reconnected', () => heard.push('reconnected'));
  room.on('closed', (end) => heard.push(end));
  return heard;
}
