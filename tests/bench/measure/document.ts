import { readFile, writeFile } from 'node:fs/promises';
import { asMarkdown, type Table } from './table.ts';

const document = new URL('../../../docs/performance.md', import.meta.url);

/** Puts text in place of what stands between the two comments that name this section. */
export function replaceSection(text: string, name: string, section: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The document has no section between ${begin} and ${end}.`);
  return `${text.slice(0, from + begin.length)}\n${section}\n${text.slice(to)}`;
}

/** Writes this run's machine and tables into `docs/performance.md`. */
export async function putIntoDocument(name: string, lines: readonly string[], tables: readonly Table[]): Promise<void> {
  const section = [lines.map((line) => `${line}  `).join('\n'), ...tables.map(asMarkdown)].join('\n\n');
  await writeFile(document, replaceSection(await readFile(document, 'utf8'), name, section));
}
