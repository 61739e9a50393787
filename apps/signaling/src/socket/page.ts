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
