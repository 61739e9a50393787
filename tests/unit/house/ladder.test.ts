// The linter holds the arrows between the rooms of the ladder (oxlint.config.ts). It can't see a room that the ladder
// doesn't name, nor how full a folder is: these tests do.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ladders } from '../../../scripts/lint/ladder.ts';

const root = join(import.meta.dirname, '../../..');
const mostFiles = 15;

function foldersOf(tree: string): { folder: string; files: string[] }[] {
  const entries = readdirSync(join(root, tree), { recursive: true, withFileTypes: true });
  const folders = new Map<string, string[]>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const files = folders.get(entry.parentPath) ?? [];
    files.push(entry.name);
    folders.set(entry.parentPath, files);
  }
  return [...folders].map(([folder, files]) => ({ folder: folder.slice(root.length + 1), files }));
}

for (const [tree, ladder] of Object.entries(ladders)) {
  test(`every room of ${tree} has its place on the ladder`, () => {
    const there = readdirSync(join(root, tree)).toSorted();
    expect([...ladder].toSorted()).toEqual(there);
  });
}

for (const tree of [...Object.keys(ladders), 'scripts', 'tests']) {
  test(`no folder of ${tree} holds more than ${mostFiles} files`, () => {
    expect(foldersOf(tree).filter(({ files }) => files.length > mostFiles)).toEqual([]);
  });
}
