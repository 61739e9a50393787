import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { SluiceError } from '../base/errors.ts';

/**
 * Throws where the request may not change anything. Web pages never may, since a browser on the host, or inside the
 * private network, sends any page's `POST` to this port. Others may with the token; where none is configured, only from
 * the same machine.
 *
 * @throws forbidden, unauthorized.
 */
export function assertMayChange(request: IncomingMessage, token: string | undefined): void {
  if (sentByPage(request)) throw new SluiceError('forbidden', 'A web page may not ask for this.');
  if (token !== undefined) {
    if (!bears(request, token)) throw new SluiceError('unauthorized', 'This needs the bearer token of OPS_TOKEN.');
    return;
  }
  if (!isLoopback(request.socket.remoteAddress) || !isOwnName(request.headers.host)) {
    throw new SluiceError('forbidden', 'Without OPS_TOKEN this is only taken from the same machine, by its address.');
  }
}

/** Browsers add both headers by themselves; a page can't leave them out. */
function sentByPage({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin !== undefined || (site !== undefined && site !== 'none');
}

/** Digests have one length, and comparing them takes one time, whatever was sent. */
function bears({ headers }: IncomingMessage, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${token}`));
}

function isLoopback(address: string | undefined): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address ?? '');
}

/** An address, or localhost. Any other name may be a page's that was made to lead here (DNS rebinding). */
function isOwnName(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === '' || name === 'localhost' || isIP(name) !== 0;
}
