import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { processesWith } from './process-tree.ts';
import { findChromium } from './find-program.ts';

const flags = [
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // Devices that need no hardware: a moving picture, and a beep each second.
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  // A tab in the background would have its timers and its video slowed down, and every tab but one is.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  // Candidates with real addresses: mDNS names would need a resolver that a container has not.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

export interface TestBrowserOptions {
  /** Further command-line flags. */
  flags?: string[];
  /** Default true: cameras, microphones and screens are given to whoever asks. Otherwise nobody answers the question. */
  allowDevices?: boolean;
  /** In place of the Chromium on the PATH: a program that starts it elsewhere, in a network namespace for instance. */
  executable?: string;
  /** Default true, as drivers have it. False: as people have it, where a bar takes room from the page. */
  hideScrollbars?: boolean;
}

export interface TabOptions {
  colorScheme?: 'light' | 'dark';
  viewport?: { width: number; height: number };
}

/** A real Chromium with devices of its own making. Each tab has a context, hence storage and a life, of its own. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #complaints: string[] = [];
  readonly #mark: string;

  private constructor(browser: Browser, mark: string) {
    this.#browser = browser;
    this.#mark = mark;
  }

  /** Rejects when there is no Chromium on the PATH: a test of browsers without one would test nothing. */
  static async launch({
    flags: further = [],
    allowDevices = true,
    executable,
    hideScrollbars = true,
  }: TestBrowserOptions = {}): Promise<TestBrowser> {
    // A switch that Chromium doesn't know, by which its processes are found.
    const mark = `--sluice-test=${randomUUID()}`;
    const browser = await chromium.launch({
      executablePath: executable ?? findChromium(),
      headless: true,
      chromiumSandbox: false,
      ...(!hideScrollbars && { ignoreDefaultArgs: ['--hide-scrollbars'] }),
      args: [...flags, ...(allowDevices ? ['--use-fake-ui-for-media-stream'] : []), ...further, mark],
    });
    return new TestBrowser(browser, mark);
  }

  /** What the pages have thrown and not caught, or written as an error. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  /** All its processes as they are now. Linux only. */
  get pids(): number[] {
    return processesWith(this.#mark);
  }

  async context(options: TabOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({
      colorScheme: options.colorScheme ?? 'light',
      viewport: options.viewport ?? { width: 1280, height: 800 },
    });
    context.on('weberror', (error) => this.#complaints.push(String(error.error())));
    context.on('console', (message) => {
      if (message.type() === 'error') this.#complaints.push(message.text());
    });
    return context;
  }

  /** A tab at this address, in a context of its own. */
  async open(url: string, options: TabOptions = {}): Promise<Page> {
    const page = await (await this.context(options)).newPage();
    await page.goto(url);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** A picture of the page, where `SLUICE_SCREENSHOTS` names a folder for them; nothing otherwise. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['SLUICE_SCREENSHOTS'];
  if (!folder) return;
  const path = join(folder, `${name}.png`);
  await mkdir(dirname(path), { recursive: true });
  await page.screenshot({ path });
}
