import { TestBrowser } from '../browsers/browser.ts';
import { TestFirefox } from '../browsers/firefox.ts';
import type { Opens, Tab } from '../browsers/tab.ts';
import { findChromium, findFirefox } from '../browsers/find-program.ts';
import { freePort } from '../redis/redis-process.ts';
import type { NetworkNamespace } from './namespace.ts';
import { relayPort } from './relay.ts';

export type BrowserInside = Opens<Tab> & AsyncDisposable;

/** For pages that come by plain http from an address that is not loopback, as these do. */
const devicesWithoutHttps = {
  'media.devices.insecure.enabled': true,
  'media.getusermedia.insecure.enabled': true,
};

/** A Chromium that may use devices on this origin, in the namespace where one is given. */
export async function chromiumFor(origin: string, namespace?: NetworkNamespace): Promise<TestBrowser> {
  return TestBrowser.launch({
    flags: [`--unsafely-treat-insecure-origin-as-secure=${origin}`],
    ...(namespace && { executable: await namespace.launcherOf(findChromium()) }),
  });
}

export async function firefoxInside(namespace: NetworkNamespace): Promise<BrowserInside> {
  await using stack = new AsyncDisposableStack();
  const port = await freePort();
  stack.use(await relayPort(namespace, port));
  const firefox = await TestFirefox.launch({
    preferences: devicesWithoutHttps,
    executable: await namespace.launcherOf(findFirefox()),
    port,
  });
  stack.use(firefox);
  const all = stack.move();
  return { open: (url) => firefox.open(url), [Symbol.asyncDispose]: () => all.disposeAsync() };
}
