import { SluiceError } from '@sluice/shared';
import { askNode, type Call, type Handler } from './call.ts';

export const produce: Handler<'produce'> = async (call) => {
  assertOwn(call);
  const { producerId } = await askNode(call, 'produce', call.fields);
  return { type: 'produced', producerId };
};

/** A producer that was lost with its node is in nobody's book any more but its session's. */
function assertOwn({ session, fields: { replaces } }: Call<'produce'>): void {
  if (replaces === undefined || session.joined().media.producers.has(replaces)) return;
  throw new SluiceError('badRequest', 'Only a producer of your own can be replaced.', {
    details: { path: 'replaces' },
  });
}
