import { eventually } from '@sluice/shared/testing';
import type { Tab } from './tab.ts';
import type { Room } from '@sluice/client';

declare global {
  interface Window {
    sluice?: { room: Room | undefined };
  }
}

/** What one subscription has brought, by the browser's own `inbound-rtp` figures. */
export interface Received {
  peerId: string;
  kind: 'audio' | 'video';
  path: 'router' | 'worker' | 'node';
  packets: number;
  /** Video only, else 0. */
  framesDecoded: number;
  frameWidth: number;
  /** Audio only, else 0. Silence adds nothing; a second of the fake microphone's beeps adds about 0.01. */
  energy: number;
}

/** Figures of everything that the meeting page in this tab receives; empty outside of a room. */
export function received(page: Tab): Promise<Received[]> {
  return page.evaluate(async () => {
    const subscriptions = [...(window.sluice?.room?.subscriptions.values() ?? [])];
    return Promise.all(
      subscriptions.map(async (subscription) => {
        const report = await subscription.getStats();
        const inbound = [...report.values()].find((entry) => entry.type === 'inbound-rtp') ?? {};
        return {
          peerId: subscription.peerId,
          kind: subscription.kind,
          path: subscription.path,
          packets: inbound.packetsReceived ?? 0,
          framesDecoded: inbound.framesDecoded ?? 0,
          frameWidth: inbound.frameWidth ?? 0,
          energy: inbound.totalAudioEnergy ?? 0,
        };
      }),
    );
  }, undefined);
}

export interface Expectation {
  /** How many tracks of this kind must bring it. Default 1. */
  tracks?: number;
  withinMs?: number;
}

const mediaDeadlineMs = 20_000;

/** Waits until so many video tracks have each had `frames` decoded. */
export function seesFrames(page: Tab, frames: number, options: Expectation = {}): Promise<Received[]> {
  return brings(
    page,
    `${frames} frames of video`,
    (one) => one.kind === 'video' && one.framesDecoded >= frames,
    options,
  );
}

/** Waits until so many audio tracks have each brought more than silence. */
export function hearsSound(page: Tab, options: Expectation = {}): Promise<Received[]> {
  return brings(page, 'sound', (one) => one.kind === 'audio' && one.energy > 0.001, options);
}

function brings(
  page: Tab,
  what: string,
  does: (one: Received) => boolean,
  { tracks = 1, withinMs = mediaDeadlineMs }: Expectation,
): Promise<Received[]> {
  const ask = async (): Promise<Received[] | undefined> => {
    const those = (await received(page)).filter(does);
    return those.length >= tracks ? those : undefined;
  };
  return eventually(`${what} on ${tracks} track(s)`, ask, { withinMs, everyMs: 50 });
}
