import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { TestBrowser } from '../../support/browsers/browser.ts';
import { seesFrames } from '../../support/browsers/browser-media.ts';
import { startTestCluster } from '../../support/clusters/cluster.ts';

/** A proxy that takes `/meet` off and leads the rest to a gateway. */
async function proxyTo(target: string) {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    if (!incoming.url?.startsWith('/meet/')) return void outgoing.writeHead(404).end();
    const path = incoming.url.slice('/meet'.length);
    incoming.pipe(
      request({ hostname, port, path, method: incoming.method, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      }),
    );
  });
  server.on('upgrade', (incoming, socket, head) => {
    const behind = connect(Number(port), hostname, () => {
      const path = incoming.url?.slice('/meet'.length) ?? '/';
      const headers = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${String(value)}`);
      behind.write([`GET ${path} HTTP/1.1`, ...headers, '', ''].join('\r\n'));
      behind.write(head);
      behind.pipe(socket).pipe(behind);
    });
    behind.on('error', () => socket.destroy());
    socket.on('error', () => behind.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/meet/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('[CK14] the page works behind a proxy that takes a prefix off its paths', async () => {
  await using cluster = await startTestCluster({ nodes: 1 });
  await using proxy = await proxyTo(cluster.gateways[0]!.url);
  await using browser = await TestBrowser.launch();
  const ada = await browser.open(`${proxy.url}?join=1&name=Ada&size=320x180`);
  await browser.open(`${proxy.url}?join=1&name=Bob&size=320x180`);
  await seesFrames(ada, 5);
  expect(browser.complaints.filter((text) => !text.includes('favicon'))).toEqual([]);
});

test('[CK15] a link neither joins nor chooses the server, outside of a development cluster', async () => {
  await using cluster = await startTestCluster({ nodes: 1, settings: { ALLOW_NODE_CHOICE: 'false' } });
  await using browser = await TestBrowser.launch();
  const page = await browser.open(`${cluster.gateways[0]!.url}/?join=1&name=Ada&server=ws://evil.example/ws`);
  const join = page.getByRole('button', { name: 'Join' });
  await join.waitFor();
  expect(await page.evaluate(() => window.sluice)).toBeUndefined();
  const connecting = page.waitForEvent('websocket');
  await join.click();
  expect(new URL((await connecting).url()).host).toBe(new URL(cluster.gateways[0]!.url).host);
  await page.getByRole('article', { name: 'Ada (you)' }).waitFor();
});

test('[CK15] the page may connect to its own server alone, and be framed by its own origin alone', async () => {
  await using cluster = await startTestCluster({ nodes: 1, settings: { ALLOW_NODE_CHOICE: 'false' } });
  const { url } = cluster.gateways[0]!;
  const policy = (await fetch(url)).headers.get('content-security-policy') ?? '';
  expect(policy).toContain(`connect-src 'self' ws://${new URL(url).host} wss://${new URL(url).host};`);
  expect(policy).toContain("frame-ancestors 'self'");
  await using browser = await TestBrowser.launch();
  const page = await browser.open(url);
  const refused = await page.evaluate(
    () =>
      new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(effectiveDirective));
        new WebSocket('ws://evil.example/ws');
      }),
  );
  expect(refused).toBe('connect-src');
});
