import type { Direction, Room, RoomEvents } from '@sluice/client';
import { banner, hideBanner } from '../parts/banner.ts';
import { sentenceForFailedMedia, sentenceForInterruptedMedia } from '../parts/sentences.ts';

const shownMs = 3000;

type Failure = RoomEvents['mediaFailed'];

/** One line across the top: what is wrong with the connection or the media, what was tried, and when it is well again. */
export function showConnectionStatus(room: Room): void {
  let reconnecting = false;
  const outages = new Map<Direction, Failure | undefined>();
  const show = (): boolean => {
    const failure = [...outages.values()].find((one) => one !== undefined);
    if (reconnecting) banner('Reconnecting…');
    else if (failure) banner(sentenceForFailedMedia(failure.tried));
    else if (outages.size > 0) banner(sentenceForInterruptedMedia([...outages.keys()]));
    else return false;
    return true;
  };
  const restored = (downtimeMs: number): void => {
    if (!show()) banner(`Back after ${(downtimeMs / 1000).toFixed(1)} s`, { forMs: shownMs });
  };
  room.on('reconnecting', () => {
    reconnecting = true;
    show();
  });
  room.on('reconnected', ({ downtimeMs }) => {
    reconnecting = false;
    restored(downtimeMs);
  });
  room.on('mediaInterrupted', ({ direction }) => {
    outages.set(direction, undefined);
    show();
  });
  room.on('mediaFailed', (failure) => {
    outages.set(failure.direction, failure);
    show();
  });
  room.on('mediaRestored', ({ direction, downtimeMs }) => {
    outages.delete(direction);
    restored(downtimeMs);
  });
  room.on('closed', hideBanner);
}
