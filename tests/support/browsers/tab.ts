/** A page in Chromium or in Firefox: as much of Playwright's and of Puppeteer's pages as both have. */
export interface Tab {
  /** Runs a function in the page. It must not refer to anything outside of itself. */
  evaluate<R, G>(script: (given: G) => R | Promise<R>, given: G): Promise<R>;
  /** A click as by a person. */
  click(selector: string): Promise<void>;
}

/** A browser of either kind, as the one who opens the meeting page. */
export interface Opens<T extends Tab> {
  open(url: string): Promise<T>;
}
