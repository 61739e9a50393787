import { ok, type SeatHandler } from './call.ts';

/** The client stands at its new node: the old one may forget it. */
export const moved: SeatHandler<'moved'> = async (call) => {
  call.seat.stands();
  return ok(call);
};
