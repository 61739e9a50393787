import type { types } from 'mediasoup-client';

export interface ArrivalOptions {
  /** Nothing is on its way: its sender has paused. */
  silent: boolean;
  /** How long to let the picture settle after its first frame. */
  settleMs: number;
}

/** When the first of a track is here to be seen or heard; settles in any case, and never rejects. */
export type Arrival = (consumer: types.Consumer, options: ArrivalOptions) => Promise<void>;

/** A key frame that was lost is asked for again after a second; who waits longer waits for nothing. */
const atMostMs = { video: 5000, audio: 1200 } as const;
const lookEveryMs = 40;
/** Enough to play without a gap; a muted microphone in discontinuous transmission sends one each 400 ms. */
const fewPackets = 3;

/** Asks the receiver itself: a video element shows no frames in a hidden tab. */
export const whenArrived: Arrival = async (consumer, { silent, settleMs }) => {
  if (silent) return;
  const stop = consumer.kind === 'video' ? playUnseen(consumer.track) : undefined;
  const until = performance.now() + atMostMs[consumer.kind];
  while (!consumer.closed && performance.now() < until && !(await hasArrived(consumer))) await pause(lookEveryMs);
  if (settleMs > 0 && !consumer.closed) await pause(settleMs);
  stop?.();
};

/** A track that nothing plays need not be decoded. An element outside of the document will do. */
function playUnseen(track: MediaStreamTrack): (() => void) | undefined {
  if (typeof document === 'undefined') return undefined;
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  video.play().catch(() => undefined);
  return () => {
    video.srcObject = null;
  };
}

async function hasArrived(consumer: types.Consumer): Promise<boolean> {
  const report = await consumer.getStats().catch(() => undefined);
  for (const entry of (report?.values() ?? []) as Iterable<RTCInboundRtpStreamStats>) {
    if (entry.type !== 'inbound-rtp') continue;
    return consumer.kind === 'video' ? (entry.framesDecoded ?? 0) > 0 : (entry.packetsReceived ?? 0) >= fewPackets;
  }
  return false;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
