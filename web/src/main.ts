import type { Room } from '@sluice/client';
import { byId } from './parts/dom.ts';
import { hold } from './meeting/meeting.ts';
import { type PageParameters, readParameters, rememberName, showRoomInAddress } from './parts/parameters.ts';
import { sentenceFor } from './parts/sentences.ts';

declare global {
  interface Window {
    /** For tests alone: what arrives can be counted only where it arrives, with the room's own `getStats`. */
    sluice?: { room: Room | undefined };
  }
}

const lobby = byId('lobby', HTMLElement);
const meeting = byId('meeting', HTMLElement);
const form = byId('join-form', HTMLFormElement);
const field = (name: string) => form.elements.namedItem(name) as HTMLInputElement;
const development = document.documentElement.dataset['development'] !== undefined;
const parameters = readParameters(location, { development });

function show(what: 'lobby' | 'meeting'): void {
  lobby.hidden = what !== 'lobby';
  meeting.hidden = what !== 'meeting';
}

function say(sentence: string): void {
  const notice = byId('lobby-notice', HTMLElement);
  notice.textContent = sentence;
  notice.hidden = !sentence;
}

function setBusy(busy: boolean): void {
  const button = byId('join', HTMLButtonElement);
  button.disabled = busy;
  button.textContent = busy ? 'Joining…' : 'Join';
}

async function join(chosen: PageParameters): Promise<void> {
  setBusy(true);
  say('');
  try {
    say(await hold(chosen, onJoined));
  } catch (error) {
    say(sentenceFor(error));
  }
  window.sluice = { room: undefined };
  setBusy(false);
  document.title = 'Sluice';
  show('lobby');
}

function onJoined(room: Room): void {
  window.sluice = { room };
  document.title = `${room.id} · Sluice`;
  showRoomInAddress(room.id);
  show('meeting');
  byId('room-name', HTMLElement).focus();
}

field('name').value = parameters.name;
field('room').value = parameters.room;
field('microphone').checked = parameters.microphone;
field('camera').checked = parameters.camera;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const chosen = {
    ...parameters,
    name: field('name').value.trim(),
    room: field('room').value.trim(),
    microphone: field('microphone').checked,
    camera: field('camera').checked,
  };
  rememberName(chosen.name);
  void join(chosen);
});

show('lobby');
if (parameters.join) void join({ ...parameters, name: parameters.name || 'Guest' });
else field(parameters.name ? 'room' : 'name').focus();
