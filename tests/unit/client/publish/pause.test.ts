import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { turns } from '../support/fake-room.ts';
import { camera, mediaRoom } from '../support/media-room.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What the room was told last of this producer. */
function toldPaused(sent: Record<string, unknown>[], producerId: string): boolean {
  const announced = sent.find(({ action }) => action === 'produce')?.['paused'] as boolean;
  const changes = sent.filter((frame) => frame['producerId'] === producerId);
  return changes.length > 0 ? changes.at(-1)?.['action'] === 'pauseProducer' : announced;
}

describe('a track that is switched off while it is published', () => {
  const moments = Array.from({ length: 40 }, (_, moment) => moment);
  test.each(moments)('[CK7] after %i turns is known as paused to everyone, and can be resumed', async (moment) => {
    const { room, socket } = await mediaRoom();
    const track = camera();
    const publishing = room.publish(track);
    for (let turn = 0; turn < moment; turn++) await Promise.resolve();
    track.enabled = false;
    const publication = await publishing;
    await publication.pause();
    expect(publication.paused).toBe(true);
    expect(toldPaused(socket.sent, publication.producerId)).toBe(true);
    await publication.resume();
    expect([publication.paused, track.enabled]).toEqual([false, true]);
    expect(toldPaused(socket.sent, publication.producerId)).toBe(false);
  });
});

describe('quick hands', () => {
  test('[CK7] end in what was wanted last, on both sides, however often the answers fail', async () => {
    const { room, socket, gateway } = await mediaRoom();
    const track = camera();
    const publication = await room.publish(track);
    gateway.refusals.set('pauseProducer', { code: 'nodeUnavailable', temporary: true });
    await expect(publication.pause()).rejects.toMatchObject({ code: 'nodeUnavailable' });
    gateway.refusals.clear();
    await publication.pause();
    expect(toldPaused(socket.sent, publication.producerId)).toBe(true);
    await Promise.all([publication.resume(), publication.pause(), publication.resume(), publication.pause()]);
    expect([publication.paused, track.enabled]).toEqual([true, false]);
    expect(toldPaused(socket.sent, publication.producerId)).toBe(true);
  });

  test('[CK7] close what is being moved, and leave nothing behind', async () => {
    const { room, tells, said } = await mediaRoom();
    const publication = await room.publish(camera());
    await tells({ type: 'transportClosed', transportId: 'given-send', reason: 'idle' });
    const closing = publication.close().catch(() => undefined);
    await vi.advanceTimersByTimeAsync(1000);
    await closing;
    expect(room.publications.size).toBe(0);
    const produced = said('produce').length;
    expect(said('closeProducer').length).toBeGreaterThanOrEqual(produced);
  });

  test('[CK7] leave in the middle of a publish, and the caller is told', async () => {
    const { room } = await mediaRoom();
    const publishing = room.publish(camera()).catch((error: unknown) => error);
    const left = room.leave();
    await vi.advanceTimersByTimeAsync(2000);
    await left;
    expect(await publishing).toMatchObject({ name: 'SluiceClientError' });
    expect(room.publications.size).toBe(0);
    await turns();
  });
});
