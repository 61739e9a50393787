// Bundles the meeting page. The result stays in memory: a gateway serves it from there, and nothing on disk can be
// older than its sources. `node web/build.mjs OUTDIR` writes the same files for images that carry no bundler.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

const contentTypes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const files = ['index.html', 'app.js', 'app.css', 'favicon.svg'];

const pathOf = (file) => (file === 'index.html' ? '/' : `/${file}`);
const entryOf = (file, body) => [pathOf(file), { type: contentTypes[extname(file)], body }];

async function bundle(minify) {
  // Imported here and not above: readPage() has to work where esbuild is not installed.
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: { app: join(here, 'src/main.ts') },
    bundle: true,
    write: false,
    outdir: here,
    format: 'esm',
    target: ['chrome111', 'firefox120', 'safari16.4'],
    platform: 'browser',
    minify,
    sourcemap: minify ? false : 'inline',
    legalComments: 'none',
    logLevel: 'silent',
  });
  return outputFiles[0].contents;
}

/** See build.d.mts. */
export async function buildPage({ minify = false } = {}) {
  const contents = (file) => (file === 'app.js' ? bundle(minify) : readFile(join(here, file)));
  return new Map(await Promise.all(files.map(async (file) => entryOf(file, await contents(file)))));
}

/** See build.d.mts. */
export async function readPage(folder) {
  return new Map(await Promise.all(files.map(async (file) => entryOf(file, await readFile(join(folder, file))))));
}

async function writePage(folder) {
  await mkdir(folder, { recursive: true });
  for (const [path, { body }] of await buildPage({ minify: true })) {
    await writeFile(join(folder, basename(path) || 'index.html'), body);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2];
  if (!folder) {
    process.stderr.write('usage: node web/build.mjs OUTDIR\n');
    process.exit(2);
  }
  await writePage(folder);
}
