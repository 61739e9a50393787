import { mkdtemp, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { buildPage, readPage } from '@sluice/web';
import { expect, test } from 'vitest';

const builder = fileURLToPath(new URL('../../../../web/build.mjs', import.meta.url));

test('the page is four files that need nothing from elsewhere', async () => {
  const page = await buildPage();
  expect([...page].map(([path, { type }]) => [path, type.split(';')[0]])).toEqual([
    ['/', 'text/html'],
    ['/app.js', 'text/javascript'],
    ['/app.css', 'text/css'],
    ['/favicon.svg', 'image/svg+xml'],
  ]);
  const text = (path: string) => Buffer.from(page.get(path)!.body).toString();
  expect(text('/') + text('/app.css')).not.toMatch(/(src|href)="?(https?:)?\/\/|url\(|@import/);
});

test('what a browser loads stays within 60 kB, compressed, and has no zod in it', async () => {
  const script = (await buildPage({ minify: true })).get('/app.js')!.body;
  expect(gzipSync(script).byteLength).toBeLessThan(60_000);
  expect(Buffer.from(script).toString()).not.toContain('ZodError');
});

test('[CK10] what the page uses is there in the browsers that it is built for, or asked for first', async () => {
  const text = Buffer.from((await buildPage({ minify: true })).get('/app.js')!.body).toString();
  // Chrome 111, Firefox 120 and Safari 16.4 have none of these.
  expect(text).not.toMatch(
    /withResolvers|\.groupBy\(|canParse\(|\.isWellFormed\(|new Set\([^)]*\)\.(union|difference)/,
  );
  expect(text).toMatch(/"requestVideoFrameCallback"in/);
});

test('is bundled once while its sources stay as they are', async () => {
  const [first, second] = [await buildPage(), await buildPage()];
  expect(second.get('/app.js')!.body).toBe(first.get('/app.js')!.body);
});

test('the files that the command writes are what readPage() serves', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-page-'));
  try {
    await promisify(execFile)(process.execPath, [builder, folder]);
    const [written, built] = [await readPage(folder), await buildPage({ minify: true })];
    expect([...written.keys()]).toEqual([...built.keys()]);
    for (const [path, { body }] of built) expect(Buffer.from(body).equals(written.get(path)!.body)).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});
