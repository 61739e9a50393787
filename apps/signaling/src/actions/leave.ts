import type { Farewells } from '../nodes/farewells.ts';
import { ok, type SeatHandler } from './call.ts';

/**
 * From here on the room's events are not this connection's any more, its own `peerLeft` included. A node that can't be
 * reached is told later: the client has left either way.
 */
export function createLeave(farewells: Farewells): SeatHandler<'leave'> {
  return async (call) => {
    const { seat } = call;
    seat.close();
    await farewells.leave(seat.at(), 'left');
    return ok(call);
  };
}
