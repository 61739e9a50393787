import { confirmMove } from '../session/confirm-move.ts';
import { type Handler, ok } from './call.ts';

/** The client stands at its new place: the old one may go. */
export const moved: Handler<'moved'> = async ({ session, services }) => {
  const state = session.joined();
  state.old?.release();
  if (state.media.move) state.media.move.stood = true;
  confirmMove(state, services);
  session.forgetOldPlace();
  services.moveTimes.end(session, 'ok');
  return ok('moved');
};
