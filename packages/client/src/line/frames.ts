import type { ServerFrame } from '@sluice/shared/protocol';

/** A frame as far as anything relies on it, or undefined for what is none: a newer server's, or garbage. */
export function readFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    const frame = JSON.parse(data) as unknown;
    return isFrame(frame) ? frame : undefined;
  } catch {
    return undefined;
  }
}

function isFrame(frame: unknown): frame is ServerFrame {
  if (typeof frame !== 'object' || frame === null || !('type' in frame) || typeof frame.type !== 'string') return false;
  // The number of a room event is what decides whether it is taken: one without is worth nothing.
  const { seq, epoch } = frame as { seq?: unknown; epoch?: unknown };
  return epoch === undefined || (Number.isSafeInteger(epoch) && Number.isSafeInteger(seq));
}
