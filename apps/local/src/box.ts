/** Lines in a box, for the one thing that a person starting a cluster looks for. */
export function box(lines: readonly string[]): string {
  const width = Math.max(...lines.map((line) => line.length));
  const row = (line: string) => `  │  ${line.padEnd(width)}  │`;
  const edge = '─'.repeat(width + 4);
  return [`  ┌${edge}┐`, ...lines.map(row), `  └${edge}┘`].join('\n');
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
