import { byId } from './dom.ts';

/** Long enough for a screen reader to begin with one before the next comes. */
const spacingMs = 400;

const waiting: string[] = [];
/** A reader that is behind hears what is so now, and not what was. */
const mostWaiting = 5;
let speaking = false;

/** Says it to those who hear the page, when they have time. */
export function announce(text: string): void {
  if (waiting.length >= mostWaiting) waiting.shift();
  waiting.push(text);
  if (!speaking) speak();
}

function speak(): void {
  const text = waiting.shift();
  speaking = text !== undefined;
  if (text === undefined) return;
  const region = byId('announcer', HTMLElement);
  // The same text twice would be no change, and not be read again.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
  setTimeout(speak, spacingMs);
}
