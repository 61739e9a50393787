import { askNode } from './forward.ts';
import type { SeatHandler } from './call.ts';

/** Whether its producers are paused is said as the room has told this client so far: what comes after follows on that. */
export const consume: SeatHandler<'consume'> = async (call) => {
  const { consumers, failed } = await askNode(call, 'consume', call.fields);
  return () => ({ type: 'consumed', consumers: consumers.map((one) => call.seat.withPaused(one)), failed });
};
