import { type Handler, ok } from './call.ts';

/**
 * From here on the room's events are not this connection's any more, its own `peerLeft` included. A node that can't be
 * reached is told later: the client has left either way.
 */
export const leave: Handler<'leave'> = async ({ session, services }) => {
  const left = session.detach();
  if (left) await services.departures.leave(left, 'left');
  return ok('leave');
};
