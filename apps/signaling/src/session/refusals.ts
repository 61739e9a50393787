import { SluiceError } from '@sluice/shared';
import { maxFrameBytes } from '@sluice/shared/protocol';
import type { FrameFault } from '../socket/socket.ts';

/** What frames are answered with that never reach an action. */
export const tooFast = {
  scope: 'rate',
  error: new SluiceError('tooManyRequests', 'This connection sends too many actions.', { details: { limit: 'rate' } }),
};

export const overflow = {
  scope: 'queue',
  error: new SluiceError('tooManyRequests', 'Too many actions of this connection are waiting.', {
    details: { limit: 'queue' },
  }),
};

export const frameFaults: Readonly<Record<FrameFault, SluiceError>> = {
  tooLarge: new SluiceError('badRequest', `A frame has at most ${maxFrameBytes} bytes.`, { details: { path: '' } }),
  binary: new SluiceError('badRequest', 'Frames are text.', { details: { path: '' } }),
};
