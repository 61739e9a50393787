import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { eventually, type EventuallyOptions } from '@sluice/shared/testing';
import type { Page } from 'playwright-core';
import type { TestBrowser } from './browser.ts';
import type { Driver } from '../driver/driver.ts';
import type { Received } from '../driver/figures.ts';

let served: Promise<string> | undefined;

/**
 * The page's address, the same for all tabs of a process. On localhost it has cameras, and it comes from a real server:
 * a browser lets no page from elsewhere connect to this machine.
 */
function address(): Promise<string> {
  served ??= serve();
  return served;
}

async function serve(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../driver/driver.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'chrome111',
    logLevel: 'silent',
  });
  const html = `<!doctype html><link rel="icon" href="data:,"><script>${outputFiles[0]?.text ?? ''}</script>`;
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  });
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
}

type Answer<K extends keyof Driver> = Awaited<ReturnType<Driver[K]>>;

/** A tab with the client library and nothing else, driven by name: `tab.do('publish', { audio: true })`. */
export class MediaPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(browser: TestBrowser): Promise<MediaPage> {
    const context = await browser.context({ viewport: { width: 640, height: 480 } });
    const page = await context.newPage();
    await page.goto(await address());
    return new MediaPage(page);
  }

  async do<K extends keyof Driver>(name: K, ...args: Parameters<Driver[K]>): Promise<Answer<K>> {
    const call = ([method, values]: [keyof Driver, unknown[]]) =>
      (window.driver[method] as (...given: unknown[]) => unknown)(...values);
    try {
      return (await this.page.evaluate(call, [name, args] as [keyof Driver, unknown[]])) as Answer<K>;
    } catch (error) {
      // Without the page's own stack, which points into a bundle that nobody can open.
      throw new Error(`${name}: ${String(error).split('\n    at ')[0]}`, { cause: error });
    }
  }

  /** Waits until a track of this producer fits, and returns its figures. */
  brings(
    producerId: string | undefined,
    what: string,
    fits: (one: Received) => boolean,
    options: EventuallyOptions = {},
  ): Promise<Received> {
    let last: Received | undefined;
    const ask = async () => {
      last = (await this.do('received')).find((one) => one.producerId === producerId);
      return last && fits(last) ? last : undefined;
    };
    const explained = async (error: unknown) => {
      const notes = (await this.do('notes')).filter((one) => 'producerId' in one && one.producerId === producerId);
      const known = `last seen: ${JSON.stringify(last)}, notes: ${JSON.stringify(notes)}`;
      throw new Error(`No ${what} of ${producerId}; ${known}`, { cause: error });
    };
    return eventually(what, ask, { withinMs: 15_000, everyMs: 50, ...options }).catch(explained);
  }

  /** Its peer leaves first: one that only vanished would be kept for its return. */
  async close(): Promise<void> {
    await this.do('goodbye').catch(() => undefined);
    await this.page.context().close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
