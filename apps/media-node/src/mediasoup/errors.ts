import { SluiceError } from '@sluice/shared';

/**
 * mediasoup's refusal of a client's parameters, as the client's fault. The library throws a TypeError or an
 * UnsupportedError, the worker a bare Error (an SSRC that is taken, a transport that is connected); a closed worker or
 * object has an error class of its own, and stays what it is.
 */
export function invalidMedia(error: unknown, path: string): never {
  if (!isRefusal(error)) throw error;
  throw new SluiceError('badRequest', `The ${path} don't fit: ${error.message}`, { details: { path }, cause: error });
}

/** The worker has no port left to give, which may pass; anything else is as it was. */
export function outOfPorts(error: unknown): never {
  if (!(error instanceof Error) || !error.message.includes('no more available ports')) throw error;
  throw new SluiceError('noCapacity', 'This node has no port left.', { cause: error });
}

const refusals = new Set(['TypeError', 'UnsupportedError', 'Error']);

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof SluiceError) && refusals.has(error.name);
}
