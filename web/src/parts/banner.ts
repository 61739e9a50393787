import { announce } from './announcer.ts';
import { byId } from './dom.ts';

let hiding: ReturnType<typeof setTimeout> | undefined;

/** A line across the top on the state of the connection. It stays until the next, or for as long as it says. */
export function banner(text: string, { forMs }: { forMs?: number } = {}): void {
  const line = byId('banner', HTMLElement);
  clearTimeout(hiding);
  line.textContent = text;
  line.hidden = false;
  announce(text);
  if (forMs !== undefined) hiding = setTimeout(hideBanner, forMs);
}

export function hideBanner(): void {
  clearTimeout(hiding);
  byId('banner', HTMLElement).hidden = true;
}
