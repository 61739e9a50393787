/**
 * An origin as browsers write it in a request, from what people write: capitals, a slash at its end and the port that is
 * usual are taken away.
 *
 * @throws Error that says what is wrong.
 */
export function readOrigin(text: string): string {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new Error(`${JSON.stringify(text)} is no origin, such as https://app.example.org`);
  }
  if (url.host.includes('*')) throw new Error('an origin has no * in it: each one is named');
  if (url.href !== `${url.origin}/`)
    throw new Error('an origin is a scheme, a host and a port, with nothing behind them');
  return url.origin;
}

/** What a request says of the page that it comes from. */
interface Asker {
  /** Empty where it is no page's. */
  origin: string;
  /** The host and port that it was sent to. */
  host: string;
}

/**
 * Whether the page may connect. Clients that are no page send no origin and are let in; so is the gateway's own page,
 * which can't know that it would have to be named.
 */
export function mayConnect({ origin, host }: Asker, allowed: readonly string[], servesPage: boolean): boolean {
  if (allowed.length === 0 || origin === '' || allowed.includes(origin)) return true;
  const page = URL.parse(origin);
  return servesPage && page !== null && page.host === URL.parse(`${page.protocol}//${host}`)?.host;
}
