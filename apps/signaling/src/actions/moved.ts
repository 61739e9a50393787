import { type Handler, ok } from './handler.ts';

/** The client stands at its new place: the old one may go. */
export const moved: Handler<'moved'> = async ({ session, services }) => {
  session.joined().old?.release();
  session.forgetOldPlace();
  services.moveTimes.end(session, 'ok');
  return ok('moved');
};
