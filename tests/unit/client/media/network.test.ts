import type { RoomEvents } from '@sluice/client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { camera, mediaRoom, microphone } from '../support/media-room.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A camera that is sent by a transport that stands. */
async function sending() {
  const room = await mediaRoom();
  const publication = await room.room.publish(camera(), { source: 'camera' });
  const network = room.network('send');
  await network.turns('connecting');
  await network.turns('connected');
  return { ...room, publication };
}

describe('a network that is interrupted under the media', () => {
  test('[CK3] has ICE restarted after a second, and the room told, of the end too', async () => {
    const { network, said, heard } = await sending();
    await network('send').turns('disconnected');
    await vi.advanceTimersByTimeAsync(1100);
    expect(said('restartIce')).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(said('restartIce')).toMatchObject([{ transportId: 'given-send' }]);
    expect(heard).toEqual(['mediaInterrupted send']);
    network('send').bytesReceived = 100;
    await network('send').turns('connected');
    await vi.advanceTimersByTimeAsync(500);
    expect(heard).toEqual(['mediaInterrupted send', 'mediaRestored send']);
    expect(network('send').restarts).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said('restartIce')).toHaveLength(1);
  });

  test('[CK3] for a moment is nothing to speak of', async () => {
    const { network, said, heard } = await sending();
    await network('send').turns('disconnected');
    await vi.advanceTimersByTimeAsync(800);
    await network('send').turns('connected');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(said('restartIce')).toEqual([]);
    expect(heard).toEqual([]);
  });

  test('[CK3] and stays so although ICE is restarted gets a new transport, with everything in its place', async () => {
    const { room, publication, network, said, heard } = await sending();
    const { producerId } = publication;
    await network('send').turns('failed');
    await vi.advanceTimersByTimeAsync(16_000);
    expect(said('restartIce')).toHaveLength(3);
    expect(said('produce').at(-1)).toMatchObject({ transportId: 'made-2', source: 'camera', replaces: producerId });
    expect(publication.closed).toBe(false);
    await network('send').turns('connecting');
    await network('send').turns('connected');
    expect(heard).toEqual(['mediaInterrupted send', 'mediaRestored send']);
    expect([...room.publications.values()]).toEqual([publication]);
    // Later: until then its producers stand for the ones that replace them.
    expect(said('closeTransport')).toEqual([]);
    await vi.advanceTimersByTimeAsync(3000);
    const order = said('produce')
      .concat(said('closeTransport'))
      .map(({ action }) => action);
    expect(order).toEqual(['produce', 'produce', 'closeTransport']);
    expect(said('closeTransport')).toMatchObject([{ transportId: 'given-send' }]);
  });

  test('[CK3] and is back before all tracks are produced again is given back after the last of them', async () => {
    const { room, gateway, socket, network, said } = await sending();
    await room.publish(microphone(), { source: 'microphone' });
    const answer = socket.onSend;
    let held: (() => void) | undefined;
    // The microphone's second `produce` waits for its answer while the camera's has connected the transport.
    socket.onSend = (frame) => {
      const again = frame['action'] === 'produce' && frame['kind'] === 'audio';
      if (again) held = () => gateway.answer(socket, frame);
      else answer?.(frame);
    };
    await network('send').turns('failed');
    await vi.advanceTimersByTimeAsync(16_000);
    await network('send').turns('connecting');
    await network('send').turns('connected');
    await vi.advanceTimersByTimeAsync(5000);
    expect(held).toBeDefined();
    expect(said('closeTransport')).toEqual([]);
    held?.();
    await vi.advanceTimersByTimeAsync(3000);
    expect(said('closeTransport')).toMatchObject([{ transportId: 'given-send' }]);
  });

  test('[CK4] and finds no way is told, with what was tried, and tried again less often until there is one', async () => {
    const { room, network, said, heard } = await sending();
    const failures: RoomEvents['mediaFailed'][] = [];
    room.on('mediaFailed', (failure) => failures.push(failure));
    await network('send').turns('failed');
    await vi.advanceTimersByTimeAsync(35_000);
    expect(heard).toEqual(['mediaInterrupted send', 'mediaFailed send']);
    expect(failures[0]?.tried.map(({ by }) => by)).toEqual(expect.arrayContaining(['udp', 'turn']));
    expect(failures[0]?.error.code).toBe('mediaFailed');
    const made = said('createWebRtcTransport').length;
    await vi.advanceTimersByTimeAsync(180_000);
    expect(said('createWebRtcTransport').length - made).toBeLessThan(10);
    expect(said('createWebRtcTransport').length).toBeGreaterThan(made);
    // The way is open again: the transport of some later try finds it, whenever its back-off lets it be made.
    for (let second = 0; second < 60 && heard.length < 3; second++) {
      if (!network('send').closed) await network('send').turns('connected');
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(heard).toEqual(['mediaInterrupted send', 'mediaFailed send', 'mediaRestored send']);
  });

  test('[CK4] from the start is told as well', async () => {
    const { room, network, heard } = await mediaRoom();
    await room.publish(camera(), { source: 'camera' });
    await network('send').turns('connecting');
    await vi.advanceTimersByTimeAsync(7000);
    expect(heard).toEqual(['mediaInterrupted send']);
    for (let second = 0; second < 20; second++) {
      if (!network('send').closed) await network('send').turns('connecting');
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(heard).toEqual(['mediaInterrupted send', 'mediaFailed send']);
  });

  test('[CK3] receives the others again by the new transport', async () => {
    const { room, adaJoins, network, said } = await mediaRoom();
    await adaJoins();
    const [subscription] = [...room.subscriptions.values()];
    await network('recv').turns('connecting');
    await network('recv').turns('connected');
    await network('recv').turns('failed');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(said('consume').at(-1)).toMatchObject({ producerIds: ['cam'], transportId: expect.stringMatching(/^made/) });
    expect(subscription?.closed).toBe(false);
    expect([...room.subscriptions.values()]).toEqual([subscription]);
  });
});

describe('when the connection to the gateway went silent', () => {
  test('[CK3] the media is looked at as soon as another stands, and repaired if nothing comes', async () => {
    const { network, socket, gateway, made, heard, said } = await sending();
    socket.onSend = undefined;
    await vi.advanceTimersByTimeAsync(6000);
    gateway.serve(made.at(-1)!);
    await vi.advanceTimersByTimeAsync(2000);
    expect(gateway.said('restartIce')).toMatchObject([{ transportId: 'given-send' }]);
    network('send').bytesReceived = 100;
    await vi.advanceTimersByTimeAsync(500);
    expect(heard).toEqual(['mediaInterrupted send', 'mediaRestored send']);
    expect(said('restartIce')).toEqual([]);
  });

  test('[CK3] and the media went on, nothing is restarted', async () => {
    const { network, socket, gateway, made, heard } = await sending();
    socket.onSend = undefined;
    await vi.advanceTimersByTimeAsync(6000);
    gateway.serve(made.at(-1)!);
    const flowing = setInterval(() => (network('send').bytesReceived += 100), 100);
    await vi.advanceTimersByTimeAsync(5000);
    clearInterval(flowing);
    expect(gateway.said('restartIce')).toEqual([]);
    expect(heard).toEqual([]);
  });
});
