import { SluiceError } from '@sluice/shared';
import { maxFrameBytes } from '@sluice/shared/protocol';
import type { FrameFault } from '../socket/socket.ts';
import type { Overflow } from './action-line.ts';

const overflows = {
  queue: 'Too many actions of this connection are waiting.',
  memory: 'Too many actions are waiting at this gateway.',
} as const satisfies Record<Overflow, string>;

/** What is beyond a limit and may be tried again after a while, which the client is told. */
export function tooMany(limit: string, retryAfterMs: number, message: string): SluiceError {
  return new SluiceError('tooManyRequests', message, { details: { limit, retryAfterMs: Math.ceil(retryAfterMs) } });
}

/** What a frame is answered with that the line does not take. */
export const overflow = (scope: Overflow, retryAfterMs: number): SluiceError =>
  tooMany(scope, retryAfterMs, overflows[scope]);

export const frameFaults: Readonly<Record<FrameFault, SluiceError>> = {
  tooLarge: new SluiceError('badRequest', `A frame has at most ${maxFrameBytes} bytes.`, { details: { path: '' } }),
  binary: new SluiceError('badRequest', 'Frames are text.', { details: { path: '' } }),
};
