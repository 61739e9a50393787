import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { turns } from '../support/fake-room.ts';
import { camera, mediaRoom, microphone, moveTo } from '../support/media-room.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const closed = (transportId: string) => ({ type: 'transportClosed', transportId, reason: 'idle' });

describe('a transport that the server has closed', () => {
  test('[CK1] unused, with a word, is not used any more: the next person is seen by another', async () => {
    const { room, gateway, tells, adaJoins, said } = await mediaRoom();
    gateway.transports.delete('given-recv');
    await tells(closed('given-recv'));
    await adaJoins();
    expect(said('consume').at(-1)).toMatchObject({ producerIds: ['cam'], transportId: 'made-1' });
    expect([...room.subscriptions.values()].map(({ producerId }) => producerId)).toEqual(['cam']);
  });

  test('[CK1] unused, without a word, is found out by its refusal: the next person is seen all the same', async () => {
    const { room, gateway, adaJoins, said } = await mediaRoom();
    gateway.transports.delete('given-recv');
    await adaJoins();
    expect(said('createWebRtcTransport')).toMatchObject([{ direction: 'recv' }]);
    expect([...room.subscriptions.values()].map(({ producerId }) => producerId)).toEqual(['cam']);
  });

  test('[CK1] is no reason for a camera that is switched on late not to work', async () => {
    const { room, gateway, said } = await mediaRoom();
    gateway.transports.delete('given-send');
    const publication = await room.publish(camera(), { source: 'camera' });
    expect(said('createWebRtcTransport')).toMatchObject([{ direction: 'send' }]);
    expect(publication.closed).toBe(false);
    expect(said('produce').at(-1)).toMatchObject({ transportId: 'made-1', source: 'camera' });
  });

  test('[CK2] in use: what was sent by it is produced again in its place, in its present state', async () => {
    const { room, gateway, tells, said } = await mediaRoom();
    const sound = await room.publish(microphone(), { source: 'microphone' });
    const picture = await room.publish(camera(), { source: 'camera' });
    await sound.pause();
    const ids = [sound.producerId, picture.producerId];
    gateway.transports.delete('given-send');
    await tells(closed('given-send'));
    await vi.advanceTimersByTimeAsync(100);
    expect([sound.closed, picture.closed]).toEqual([false, false]);
    expect(said('produce').slice(-2)).toMatchObject([
      { transportId: 'made-3', kind: 'video', replaces: ids[1], paused: false },
      { transportId: 'made-3', kind: 'audio', replaces: ids[0], paused: true },
    ]);
    expect([...room.publications.keys()]).not.toContain(ids[0]);
  });

  test('[CK2] in use: what was received by it is consumed again, and its last frame stays meanwhile', async () => {
    const { room, gateway, tells, adaJoins, said } = await mediaRoom();
    await adaJoins();
    const [subscription] = [...room.subscriptions.values()];
    const before = subscription!.consumerId;
    await subscription!.setPreferredLayers({ spatialLayer: 0 });
    gateway.transports.delete('given-recv');
    await tells(closed('given-recv'));
    expect(subscription!.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(6000);
    expect(said('consume').at(-1)).toMatchObject({ producerIds: ['cam'], transportId: 'made-2' });
    expect(subscription!.closed).toBe(false);
    expect(subscription!.consumerId).not.toBe(before);
    const { consumerId } = subscription!;
    expect(said('setPreferredLayers').at(-1)).toMatchObject({ consumerId, spatialLayer: 0 });
  });

  test('[CK2] again and again is not tried for ever at full speed, and the room is told', async () => {
    const { room, gateway, said, heard } = await mediaRoom();
    const publication = await room.publish(camera(), { source: 'camera' });
    gateway.refusals.set('createWebRtcTransport', { code: 'limitExceeded' });
    gateway.transports.clear();
    await room.publish(microphone(), { source: 'microphone' }).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(heard).toEqual(['mediaInterrupted send', 'mediaFailed send']);
    expect(said('createWebRtcTransport').length).toBeLessThan(12);
    expect(publication.closed).toBe(false);
    gateway.refusals.clear();
    await vi.advanceTimersByTimeAsync(40_000);
    expect(said('produce').at(-1)).toMatchObject({ transportId: expect.stringMatching(/^made/), source: 'camera' });
  });

  test('[CK2] because its worker died is left to the move that follows', async () => {
    const { room, tells, said } = await mediaRoom();
    await room.publish(camera(), { source: 'camera' });
    await tells({ type: 'transportClosed', transportId: 'given-send', reason: 'workerLost' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(said('createWebRtcTransport')).toEqual([]);
    await turns();
  });

  test('[CK2] and whose successor is left by a move: the server gets the successor back when the move is made', async () => {
    const { room, gateway, tells, said } = await mediaRoom();
    await room.publish(camera(), { source: 'camera' });
    gateway.transports.delete('given-send');
    await tells(closed('given-send'));
    await vi.advanceTimersByTimeAsync(100);
    const asked = String(said('produce').at(-1)?.['transportId']);
    expect(gateway.transports).toContain(asked);
    await tells(moveTo(gateway, 'moved'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(said('produce').at(-1)).toMatchObject({ transportId: 'moved-send' });
    expect(said('closeTransport').map(({ transportId }) => transportId)).toEqual([asked]);
    expect(said('moved')).toHaveLength(1);
  });
});
