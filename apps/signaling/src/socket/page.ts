/** A folder of built files, by the path that they are asked for under. */
export type Page = ReadonlyMap<string, PageFile>;

export interface PageFile {
  /** The `content-type`. */
  type: string;
  body: Uint8Array | string;
}

/** The file at a path; a folder's is its `index.html`. */
export function pageFile(page: Page | undefined, path: string): PageFile | undefined {
  return page?.get(path) ?? (path.endsWith('/') ? page?.get(`${path}index.html`) : undefined);
}

/** Where the page may load from and connect to: its own origin, and in a development cluster the other gateways too. */
export function contentSecurityPolicy(host: string, development: boolean): string {
  // Not every browser takes 'self' for the WebSocket of the same host.
  const own = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : '';
  return [
    "default-src 'self'",
    `connect-src 'self'${development ? ' ws: wss:' : own}`,
    "media-src 'self' blob: mediastream:",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'self'",
  ].join('; ');
}

/** The page of a development cluster: its links may join at once, and name other gateways. */
export function developmentPage(page: Page): Page {
  const index = page.get('/');
  if (!index) return page;
  const html = typeof index.body === 'string' ? index.body : Buffer.from(index.body).toString();
  return new Map([...page, ['/', { ...index, body: html.replace('<html ', '<html data-development ') }]]);
}
