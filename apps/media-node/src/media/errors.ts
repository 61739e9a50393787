import { SluiceError } from '@sluice/shared';

/** mediasoup's refusal of a client's parameters, as the client's fault; anything else stays what it is. */
export function invalidMedia(error: unknown, path: string): never {
  const refused = error instanceof TypeError || (error instanceof Error && error.name === 'UnsupportedError');
  if (!refused) throw error;
  throw new SluiceError('badRequest', `The ${path} don't fit: ${error.message}`, { details: { path }, cause: error });
}
