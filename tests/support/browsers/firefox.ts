import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { findFirefox } from './find-program.ts';
import type { Tab } from './tab.ts';

export type FirefoxPreferences = Record<string, string | number | boolean>;

/** A camera and a microphone that need no hardware, given without a question. All else is as Firefox comes. */
const devices: FirefoxPreferences = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
};

const launchWithinMs = 60_000;

export interface FirefoxOptions {
  preferences?: FirefoxPreferences;
  /** In place of the Firefox on the PATH: a program that starts it elsewhere, in a network namespace for instance. */
  executable?: string;
  /** The port for WebDriver BiDi. Default: the system's choice. */
  port?: number;
}

/** A real Firefox with a fresh profile, driven by WebDriver BiDi. Each tab has a container, hence storage, of its own. */
export class TestFirefox implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #complaints: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Rejects when there is no Firefox on the PATH. */
  static async launch({ preferences = {}, executable, port = 0 }: FirefoxOptions = {}): Promise<TestFirefox> {
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: executable ?? findFirefox(),
      headless: true,
      debuggingPort: port,
      defaultViewport: { width: 800, height: 600 },
      extraPrefsFirefox: { ...devices, ...preferences },
      timeout: launchWithinMs,
    });
    return new TestFirefox(browser);
  }

  /** What the pages have thrown and not caught, or written as an error. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  /** In a window of its own: Firefox paints no pictures in a tab behind another. */
  async open(url: string): Promise<FirefoxTab> {
    const context = await this.#browser.createBrowserContext();
    const page = await context.newPage({ type: 'window' });
    page.on('pageerror', (error) => this.#complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.#complaints.push(message.text());
    });
    await page.goto(url);
    return new FirefoxTab(page);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

export class FirefoxTab implements Tab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async evaluate<R, G>(script: (given: G) => R | Promise<R>, given: G): Promise<R> {
    // Puppeteer's type unwraps handles in what is given, and nothing here is a handle.
    return (await this.page.evaluate(script as (given: unknown) => unknown, given)) as R;
  }

  /** A click as by a person, which lets a page play sound. */
  click(selector: string): Promise<void> {
    return this.page.click(selector);
  }

  /** With its container, and without a word to the page. */
  async close(): Promise<void> {
    await this.page.browserContext().close();
  }
}
