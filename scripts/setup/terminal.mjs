// What the set-up writes: one line a step that did something, and nothing for a step that had nothing to do.
// On a terminal the line of the running step is rewritten in place; in a pipe it is printed at its start and
// every ten seconds, so that a log shows that a long build is alive without filling with frames.

const tty = Boolean(process.stderr.isTTY) && !process.env.CI;
const colour = tty && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

export const green = (text) => paint(32, text);
export const red = (text) => paint(31, text);
export const dim = (text) => paint(2, text);

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const PLAIN_MS = 10_000;

export const say = (line) => void process.stderr.write(`${line}\n`);

export function duration(ms) {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/**
 * Shows `title` as running until the returned object is told how it ended.
 * `progress(text)` may be called as often as one likes.
 */
export function startLine(title) {
  const started = Date.now();
  const elapsed = () => Date.now() - started;
  let detail = '';
  let frame = 0;
  const text = () => `${title}${detail ? ` · ${detail}` : ''}`;
  const draw = () => {
    frame = (frame + 1) % FRAMES.length;
    const line = `${FRAMES[frame]} ${text()} ${duration(elapsed())}`;
    process.stderr.write(`\r\u001b[2K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
  };
  if (!tty) say(`… ${title}`);
  const timer = tty
    ? setInterval(draw, FRAME_MS)
    : setInterval(() => say(`… ${text()} (${duration(elapsed())})`), PLAIN_MS);
  const end = (line) => {
    clearInterval(timer);
    if (tty) process.stderr.write('\r\u001b[2K');
    say(line);
  };
  return {
    progress: (now) => {
      detail = now;
    },
    done: (result) => end(`${green('✓')} ${result || title} ${dim(`(${duration(elapsed())})`)}`),
    failed: () => end(`${red('✗')} ${title} ${dim(`(${duration(elapsed())})`)}`),
  };
}

/** Runs `work` under a line of its own. What it returns, if anything, is what the finished line says. */
export async function withLine(title, work) {
  const line = startLine(title);
  try {
    const result = await work(line.progress);
    line.done(typeof result === 'string' ? result : title);
    return result;
  } catch (error) {
    line.failed();
    throw error;
  }
}
