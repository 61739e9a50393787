import { joinRoom, type Room } from '@sluice/client';
import { Chat } from './chat.ts';
import { connectControls, showControls, switchDevice } from './controls.ts';
import { byId } from './dom.ts';
import { LocalMedia } from './local-media.ts';
import { linkTo, type PageParameters } from './parameters.ts';
import { sentenceFor, sentenceForEnd } from './sentences.ts';
import { displayName, Stage } from './stage.ts';
import { hideToast, toast } from './toast.ts';

/** Joins, and shows the meeting until it is over. Resolves with a sentence on why it ended, empty after leaving. */
export async function hold(parameters: PageParameters, onJoined: (room: Room) => void): Promise<string> {
  const { server, room: name, node, region, token } = parameters;
  const room = await joinRoom({
    url: server,
    room: name,
    name: parameters.name,
    ...(node && { node }),
    ...(region && { region }),
    ...(token && { token }),
  });
  const over = new Promise<string>((resolve) => room.on('closed', (end) => resolve(sentenceForEnd(end))));
  onJoined(room);
  const close = open(room, parameters);
  try {
    return await over;
  } finally {
    close();
  }
}

function open(room: Room, parameters: PageParameters): () => void {
  const stage = new Stage(room, {
    ownName: parameters.name,
    onBlocked: () => toast('The browser holds the sound back.', { label: 'Play', run: () => stage.playAll() }),
  });
  const media = new LocalMedia(room, {
    size: parameters.size,
    simulcast: parameters.simulcast,
    onPublished: (publication) => stage.addOwn(publication),
    onChanged: () => showControls(media),
  });
  const report = (error: unknown): void => toast(sentenceFor(error));
  new Chat(room, { nameOf: (peerId) => nameOf(room, peerId), onError: report });
  room.on('error', report);
  room.on('subscribeFailed', ({ peerId, error }) => toast(`${nameOf(room, peerId)}: ${sentenceFor(error)}`));
  connectControls(media);
  showHeader(room);
  const leave = (): void => void room.leave();
  byId('leave', HTMLButtonElement).onclick = leave;
  // A closed tab would be kept in the room for half a minute, in case it comes back.
  addEventListener('pagehide', leave);
  if (parameters.microphone) void switchDevice(media, 'microphone');
  if (parameters.camera) void switchDevice(media, 'camera');
  return () => {
    removeEventListener('pagehide', leave);
    media.stopAll();
    stage.clear();
    hideToast();
  };
}

function showHeader(room: Room): void {
  byId('room-name', HTMLElement).textContent = room.id;
  byId('own-node', HTMLElement).textContent = room.node;
  const count = (): void => {
    const people = room.peers.size + 1;
    byId('people', HTMLElement).textContent = people === 1 ? 'Only you' : `${people} people`;
  };
  byId('copy-link', HTMLButtonElement).onclick = () => void copyLink(room);
  room.on('peerJoined', count);
  room.on('peerLeft', count);
  count();
}

function nameOf(room: Room, peerId: string): string {
  if (peerId === room.peerId) return 'You';
  return displayName(room.peers.get(peerId)?.name);
}

async function copyLink(room: Room): Promise<void> {
  const link = linkTo(room.id);
  try {
    await navigator.clipboard.writeText(link);
    toast('The link to this room is copied.');
  } catch {
    // Only secure pages may copy; people always can.
    toast(`The link to this room: ${link}`);
  }
}
