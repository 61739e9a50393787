import { announce } from './announcer.ts';
import { byId } from './dom.ts';

/** Long enough to read two lines twice. */
const shownMs = 8000;

let hiding: ReturnType<typeof setTimeout> | undefined;

/** A sentence above the controls; with an action it stays until that is taken. */
export function toast(text: string, action?: { label: string; run: () => void }): void {
  const box = byId('toast', HTMLElement);
  const button = byId('toast-action', HTMLButtonElement);
  clearTimeout(hiding);
  byId('toast-text', HTMLElement).textContent = text;
  button.textContent = action?.label ?? 'Close';
  button.onclick = () => {
    hideToast();
    action?.run();
  };
  box.hidden = false;
  announce(text);
  if (!action) hiding = setTimeout(hideToast, shownMs);
}

export function hideToast(): void {
  clearTimeout(hiding);
  byId('toast', HTMLElement).hidden = true;
}
