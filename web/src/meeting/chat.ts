import type { Room } from '@sluice/client';
import { byId, fromTemplate, part } from '../parts/dom.ts';

/** What this page sends; other applications may send other things through the same room. */
interface ChatPayload {
  text: string;
}

/** The oldest go first: a long meeting must not fill the page. */
const keptMessages = 500;

export interface ChatOptions {
  nameOf: (peerId: string) => string;
  onError: (error: unknown) => void;
}

/** The chat beside the tiles: messages of the room, in the room's order. */
export class Chat {
  readonly #options: ChatOptions;
  readonly #panel = byId('chat', HTMLElement);
  readonly #log = byId('log', HTMLElement);
  readonly #messages = byId('messages', HTMLOListElement);
  readonly #toggle = byId('chat-toggle', HTMLButtonElement);
  readonly #form = byId('chat-form', HTMLFormElement);
  readonly #input = part(this.#form, 'input', HTMLInputElement);
  #unread = 0;

  constructor(room: Room, options: ChatOptions) {
    this.#options = options;
    this.#messages.replaceChildren();
    room.on('message', ({ from, payload }) => {
      if (isChat(payload)) this.#add(from, payload.text);
    });
    // Assigned and not added: the form outlives each room, and only the last one's handler may stay.
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.#send(room);
    };
    this.#toggle.onclick = () => this.#show(this.#panel.hidden !== false);
    this.#show(false);
  }

  #send(room: Room): void {
    const text = this.#input.value.trim();
    if (!text) return;
    this.#input.value = '';
    room.sendMessage({ text }).catch((error: unknown) => {
      // What was typed is not lost with the message.
      this.#input.value ||= text;
      this.#options.onError(error);
    });
  }

  #add(from: string, text: string): void {
    const item = fromTemplate('message-template');
    part(item, '.from', HTMLElement).textContent = this.#options.nameOf(from);
    part(item, '.text', HTMLElement).textContent = text;
    this.#messages.append(item);
    if (this.#messages.childElementCount > keptMessages) this.#messages.firstElementChild?.remove();
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#countUnread(this.#panel.hidden ? this.#unread + 1 : 0);
  }

  #show(visible: boolean): void {
    this.#panel.hidden = !visible;
    this.#toggle.ariaExpanded = String(visible);
    this.#countUnread(0);
    if (visible) this.#input.focus();
  }

  #countUnread(unread: number): void {
    this.#unread = unread;
    const badge = byId('unread', HTMLElement);
    badge.hidden = unread === 0;
    badge.textContent = unread > 99 ? '99+' : String(unread);
    badge.ariaLabel = `${unread} unread`;
  }
}

function isChat(payload: unknown): payload is ChatPayload {
  return typeof payload === 'object' && payload !== null && 'text' in payload && typeof payload.text === 'string';
}
