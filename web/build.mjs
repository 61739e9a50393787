// Bundles the meeting page. The result stays in memory: a gateway serves it from there, and nothing on disk can be
// older than its sources. `node web/build.mjs OUTDIR` writes the same files for images that carry no bundler.

import { realpathSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
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

// Parts of mediasoup-client that no browser runs: its own tests' doubles and React Native, a fifth of the bundle.
const unused = {
  name: 'leave-out-what-no-browser-runs',
  setup({ onLoad }) {
    const filter = /mediasoup-client\/lib\/(handlers\/(FakeHandler|ReactNative106)|test\/fakeParameters)\.js$/;
    onLoad({ filter }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};

async function bundle(minify) {
  // Imported here and not above: readPage() has to work where esbuild is not installed.
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: { app: join(here, 'src/main.ts') },
    absWorkingDir: here,
    bundle: true,
    write: false,
    metafile: true,
    outdir: here,
    format: 'esm',
    target: ['chrome111', 'firefox120', 'safari16.4'],
    platform: 'browser',
    minify,
    sourcemap: minify ? false : 'inline',
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [unused],
  });
  const sources = Object.keys(metafile.inputs).map((path) => join(here, path));
  return { script: outputFiles[0].contents, stamps: await stampsOf(sources) };
}

/** When each file was last written. A missing one has no stamp, and equals no stamp that was. */
async function stampsOf(sources) {
  const stamps = await Promise.all(sources.map((path) => stat(path).catch(() => undefined)));
  return new Map(sources.map((path, index) => [path, stamps[index]?.mtimeMs]));
}

// A process that starts many gateways, as tests do, bundles once: checking a hundred stamps takes 3 ms, bundling 200.
const bundles = new Map();

async function currentScript(minify) {
  const last = await bundles.get(minify);
  const now = last && (await stampsOf([...last.stamps.keys()]));
  if (last && [...last.stamps].every(([path, stamp]) => now.get(path) === stamp)) return last.script;
  const next = bundle(minify);
  bundles.set(minify, next);
  // What failed to bundle is tried again.
  next.catch(() => bundles.delete(minify));
  return (await next).script;
}

/** See build.d.mts. */
export async function buildPage({ minify = false } = {}) {
  const contents = (file) => (file === 'app.js' ? currentScript(minify) : readFile(join(here, file)));
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

// By its real path: a workspace is reached through a link.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2];
  if (!folder) {
    process.stderr.write('usage: node web/build.mjs OUTDIR\n');
    process.exit(2);
  }
  await writePage(folder);
}
