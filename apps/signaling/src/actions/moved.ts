import { type Handler, ok } from './handler.ts';

/** The client stands at its new place: the old one may go. */
export const moved: Handler<'moved'> = async ({ session }) => {
  session.joined().old?.release();
  session.forgetOldPlace();
  return ok('moved');
};
