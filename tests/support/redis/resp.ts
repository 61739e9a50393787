/** As much of Redis's wire format as it takes to tell one pushed message from the next. */

export interface Frame {
  bytes: Buffer;
  /** Of a published message; undefined for anything else. */
  channel: string | undefined;
}

const lineEnd = '\r\n';
const bulk = '$'.charCodeAt(0);
const aggregates = new Set(['*', '>'].map((mark) => mark.charCodeAt(0)));

/** The whole frames at the beginning, and what is left of the next. */
export function messagesIn(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  let at = 0;
  for (;;) {
    const parts: string[] = [];
    const end = frameEnd(bytes, at, parts);
    if (end === undefined) return { frames, rest: bytes.subarray(at) };
    const [kind, channel] = parts;
    const isMessage = parts.length === 3 && (kind === 'message' || kind === 'smessage');
    frames.push({ bytes: bytes.subarray(at, end), channel: isMessage ? channel : undefined });
    at = end;
  }
}

/** Where the frame that begins at `at` ends; its strings go into `parts`. Undefined where not all of it is there. */
function frameEnd(bytes: Buffer, at: number, parts: string[]): number | undefined {
  const line = bytes.indexOf(lineEnd, at);
  if (line < 0) return undefined;
  const after = line + lineEnd.length;
  const count = Number(bytes.toString('latin1', at + 1, line));
  if (bytes[at] === bulk) {
    const end = after + Math.max(0, count) + (count < 0 ? 0 : lineEnd.length);
    if (end > bytes.length) return undefined;
    parts.push(bytes.toString('latin1', after, after + Math.max(0, count)));
    return end;
  }
  if (!aggregates.has(bytes[at] ?? 0)) return after;
  let end: number | undefined = after;
  for (let left = count; left > 0 && end !== undefined; left--) end = frameEnd(bytes, end, parts);
  return end;
}
