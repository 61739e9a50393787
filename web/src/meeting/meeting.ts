import { joinRoom, type PeerIdentity, type Room, type RoomEnd, SluiceClientError } from '@sluice/client';
import { banner, hideBanner } from '../parts/banner.ts';
import { announceRoom } from './announcements.ts';
import { Chat } from './chat.ts';
import { showConnectionStatus } from './connection-status.ts';
import { connectControls, showControls, switchDevice } from './controls.ts';
import { byId } from '../parts/dom.ts';
import { LocalMedia } from './local-media.ts';
import { linkTo, type PageParameters } from '../parts/parameters.ts';
import { sentenceFor, sentenceForEnd } from '../parts/sentences.ts';
import { displayName, Stage } from '../tiles/stage.ts';
import { hideToast, toast } from '../parts/toast.ts';

type Tracks = ReadonlyMap<string, MediaStreamTrack>;

/** Past this, waiting for the cluster to take the client back is given up. */
const rejoins = 5;

/** Joins, and shows the meeting until it is over. Resolves with a sentence on why it ended, empty after leaving. */
export async function hold(parameters: PageParameters, onJoined: (room: Room) => void): Promise<string> {
  let room = await join(parameters);
  let kept: Tracks | undefined;
  for (;;) {
    const over = ended(room);
    onJoined(room);
    const { close, media } = open(room, parameters, kept);
    const end = await over;
    kept = media.tracks();
    close();
    const next = end.comeBack ? await comeBack(parameters, room.identity) : undefined;
    if (!next) {
      for (const track of kept.values()) track.stop();
      return sentenceForEnd(end);
    }
    room = next;
  }
}

function join({ servers, room, name, node, region, token }: PageParameters, identity?: PeerIdentity): Promise<Room> {
  return joinRoom({
    ...(identity && { identity }),
    url: servers,
    room,
    name,
    ...(node && { node }),
    ...(region && { region }),
    ...(token && { token }),
  });
}

const ended = (room: Room): Promise<RoomEnd> => new Promise((resolve) => room.on('closed', resolve));

/** The same person with the same tracks, in the place of the peer before, which may still be there. */
async function comeBack(parameters: PageParameters, before: PeerIdentity): Promise<Room | undefined> {
  let identity: PeerIdentity | undefined = before;
  banner('Joining again…');
  try {
    for (let attempt = 1; attempt <= rejoins; attempt++) {
      const room = await join(parameters, identity).catch((error: unknown) => {
        // The peer before is not known as ours any more: then as a new one.
        if (error instanceof SluiceClientError && error.code === 'forbidden') identity = undefined;
        return undefined;
      });
      if (room) return room;
      await new Promise((resolve) => setTimeout(resolve, attempt * 1000));
    }
    return undefined;
  } finally {
    hideBanner();
  }
}

function open(room: Room, parameters: PageParameters, kept: Tracks | undefined) {
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
  announceRoom(room, { nameOf: (peerId) => nameOf(room, peerId) });
  room.on('subscribeFailed', ({ peerId, error }) => toast(`${nameOf(room, peerId)}: ${sentenceFor(error)}`));
  connectControls(media);
  showHeader(room);
  showConnectionStatus(room);
  const leave = (): void => void room.leave();
  byId('leave', HTMLButtonElement).onclick = leave;
  // A closed tab would be kept in the room for half a minute, in case it comes back.
  addEventListener('pagehide', leave);
  if (kept) media.takeOver(kept).catch(report);
  else if (parameters.microphone) void switchDevice(media, 'microphone');
  if (!kept && parameters.camera) void switchDevice(media, 'camera');
  const close = (): void => {
    removeEventListener('pagehide', leave);
    stage.clear();
    hideToast();
    hideBanner();
  };
  return { close, media };
}

function showHeader(room: Room): void {
  byId('room-name', HTMLElement).textContent = room.id;
  const showNode = (): void => {
    byId('own-node', HTMLElement).textContent = room.node;
  };
  const count = (): void => {
    const people = room.peers.size + 1;
    byId('people', HTMLElement).textContent = people === 1 ? 'Only you' : `${people} people`;
  };
  byId('copy-link', HTMLButtonElement).onclick = () => void copyLink(room);
  room.on('peerUpdated', showNode);
  room.on('reconnected', showNode);
  showNode();
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
