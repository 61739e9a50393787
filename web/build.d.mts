export interface PageFile {
  /** The `Content-Type` to send with it. */
  type: string;
  body: Uint8Array;
}

/** What to answer for each path: `/`, `/app.js`, `/app.css` and `/favicon.svg`. */
export type Page = Map<string, PageFile>;

/**
 * Bundles the meeting page from its sources, in memory, anew when one of them has changed since the last call.
 * `minify` (default false) leaves out white space and the source map.
 * Rejects with esbuild's `BuildFailure` when a source doesn't bundle, and when esbuild is not installed.
 */
export function buildPage(options?: { minify?: boolean }): Promise<Page>;

/** Reads what `node web/build.mjs OUTDIR` wrote. Needs no bundler. Rejects when a file is missing. */
export function readPage(folder: string): Promise<Page>;
