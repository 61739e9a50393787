import { SluiceError } from '@sluice/shared';
import type { SeatCall, SeatHandler } from './call.ts';
import { askNode } from './forward.ts';

export const produce: SeatHandler<'produce'> = async (call) => {
  assertOwn(call);
  const { producerId } = await askNode(call, 'produce', call.fields);
  return { type: 'produced', producerId };
};

/** After its node is lost, only the seat still knows which producers the peer had. */
function assertOwn({ seat, fields: { replaces } }: SeatCall<'produce'>): void {
  if (replaces === undefined || seat.media.producers.has(replaces)) return;
  throw new SluiceError('badRequest', 'Only a producer of your own can be replaced.', {
    details: { path: 'replaces' },
  });
}
