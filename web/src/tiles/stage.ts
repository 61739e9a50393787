import type { Publication, Room, RoomPeer, Subscription } from '@sluice/client';
import { byId } from '../parts/dom.ts';
import { type MediaPath, Tile } from './tile.ts';
import { layOutTiles } from './tile-layout.ts';

export interface StageOptions {
  ownName: string;
  /** The browser refuses to play sound before the person has touched the page. */
  onBlocked: () => void;
}

const grid = () => byId('grid', HTMLElement);
const spotlight = () => byId('spotlight', HTMLElement);

layOutTiles(grid());
layOutTiles(spotlight(), { whole: true });

/** Everyone's tiles: kept in step with the room for as long as that lasts. */
export class Stage {
  readonly #room: Room;
  readonly #options: StageOptions;
  readonly #tiles = new Map<string, Tile>();
  /** By the keys of their tiles: it is told when it changes, and tiles come and go meanwhile. */
  #speaking: ReadonlySet<string> = new Set();

  constructor(room: Room, options: StageOptions) {
    this.#room = room;
    this.#options = options;
    this.#refresh(room.peerId);
    for (const peerId of room.peers.keys()) this.#refresh(peerId);
    this.#listen();
  }

  /** One's own track, for as long as it is published. */
  addOwn(publication: Publication): void {
    this.#attach(this.#room.peerId, publication.source, publication.track);
    publication.on('changed', () => this.#refresh(this.#room.peerId));
    publication.on('closed', () => this.#detach(this.#room.peerId, publication.source, publication.track));
  }

  /** To be called in a click, which is what the browser waits for. */
  playAll(): void {
    for (const tile of this.#tiles.values()) tile.play();
  }

  clear(): void {
    for (const tile of this.#tiles.values()) tile.remove();
    this.#tiles.clear();
    this.#arrange();
  }

  #listen(): void {
    const room = this.#room;
    room.on('peerJoined', ({ peerId }) => this.#refresh(peerId));
    room.on('peerUpdated', ({ peerId }) => this.#refresh(peerId));
    room.on('peerLeft', ({ peer }) => this.#removePeer(peer));
    room.on('producerAdded', ({ peer }) => this.#refresh(peer.peerId));
    room.on('producerChanged', ({ peer }) => this.#refresh(peer.peerId));
    room.on('producerClosed', ({ peer }) => this.#refresh(peer.peerId));
    room.on('subscribed', (subscription) => this.#addTheirs(subscription));
    room.on('activeSpeakers', (speakers) => {
      this.#speaking = new Set(speakers.map(({ peerId }) => peerId));
      for (const [key, tile] of this.#tiles) tile.speaking = this.#speaking.has(key);
    });
  }

  #addTheirs(subscription: Subscription): void {
    const { peerId, source } = subscription;
    this.#attach(peerId, source, subscription.track);
    subscription.on('closed', () => this.#detach(peerId, source, subscription.track));
    subscription.on('trackComing', ({ track, previous }) => {
      this.#tileOf(peerId, isScreen(source)).expect(previous, track);
    });
    subscription.on('trackChanged', ({ track, previous }) => {
      this.#tileOf(peerId, isScreen(source)).change(previous, track);
      this.#refresh(peerId);
    });
  }

  #attach(peerId: string, source: string | undefined, track: MediaStreamTrack): void {
    this.#tileOf(peerId, isScreen(source)).attach(track);
    this.#refresh(peerId);
  }

  #detach(peerId: string, source: string | undefined, track: MediaStreamTrack): void {
    const key = keyOf(peerId, isScreen(source));
    const tile = this.#tiles.get(key);
    tile?.detach(track);
    if (isScreen(source) && tile?.empty) this.#remove(key);
    else if (tile) this.#refresh(peerId);
  }

  /** Makes a person's tiles say what the room knows of them; the first time, makes the tile. */
  #refresh(peerId: string): void {
    this.#tileOf(peerId, false);
    for (const screen of [false, true]) {
      const tile = this.#tiles.get(keyOf(peerId, screen));
      if (tile) this.#describe(tile, peerId, screen);
    }
    this.#arrange();
  }

  #describe(tile: Tile, peerId: string, screen: boolean): void {
    const own = peerId === this.#room.peerId;
    const peer = this.#room.peers.get(peerId);
    const node = own ? this.#room.node : (peer?.node ?? '');
    const name = own ? this.#options.ownName : displayName(peer?.name);
    const path = this.#pathOf(peerId, screen);
    tile.show({
      name,
      suffix: `${own ? ' (you)' : ''}${screen ? ': screen' : ''}`,
      node,
      ...(path !== undefined && { path }),
      muted: !screen && !this.#isSending(peerId, 'microphone'),
      connectionLost: peer?.connection === 'lost',
    });
    tile.pictureHidden = !this.#isSending(peerId, screen ? 'screen' : 'camera');
  }

  #isSending(peerId: string, source: string): boolean {
    const theirs = this.#room.peers.get(peerId)?.producers.values();
    const all = peerId === this.#room.peerId ? this.#room.publications.values() : (theirs ?? []);
    return [...all].some((one) => one.source === source && !one.paused) || this.#isAwaited(peerId, source);
  }

  /** Their node is lost: the last picture stays until they send from another. */
  #isAwaited(peerId: string, source: string): boolean {
    const all = [...this.#room.subscriptions.values()];
    return all.some((one) => one.peerId === peerId && one.source === source && one.awaitsSuccessor);
  }

  #pathOf(peerId: string, screen: boolean): MediaPath | undefined {
    for (const subscription of this.#room.subscriptions.values()) {
      if (subscription.peerId !== peerId || isScreen(subscription.source) !== screen) continue;
      return subscription.path;
    }
    return undefined;
  }

  #tileOf(peerId: string, screen: boolean): Tile {
    const key = keyOf(peerId, screen);
    const known = this.#tiles.get(key);
    if (known) return known;
    const own = peerId === this.#room.peerId;
    const tile = new Tile(peerId, { own, screen, onBlocked: this.#options.onBlocked });
    tile.speaking = this.#speaking.has(key);
    this.#tiles.set(key, tile);
    (screen ? spotlight() : grid()).append(tile.element);
    return tile;
  }

  #removePeer({ peerId }: RoomPeer): void {
    for (const screen of [false, true]) this.#remove(keyOf(peerId, screen));
  }

  #remove(key: string): void {
    this.#tiles.get(key)?.remove();
    this.#tiles.delete(key);
    this.#arrange();
  }

  #arrange(): void {
    spotlight().hidden = spotlight().childElementCount === 0;
  }
}

const isScreen = (source: string | undefined): boolean => source?.startsWith('screen') ?? false;
const keyOf = (peerId: string, screen: boolean): string => (screen ? `${peerId} screen` : peerId);

/** Names are optional in the protocol, and may be empty. */
export const displayName = (name = ''): string => (name === '' ? 'Guest' : name);
