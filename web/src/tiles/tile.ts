import type { Subscription } from '@sluice/client';
import { fromTemplate, part } from '../parts/dom.ts';
import { NextPicture } from './next-picture.ts';

export type MediaPath = Subscription['path'];

export interface TileFacts {
  name: string;
  /** What follows the name: " (you)", ": screen". */
  suffix: string;
  node: string;
  /** How the media came here; undefined for one's own. */
  path?: MediaPath;
  muted: boolean;
  /** The person's connection is interrupted: what is seen is the last that came. */
  connectionLost: boolean;
}

/** One person's camera and microphone, or one person's screen. Plays what is attached to it. */
export class Tile {
  readonly element = fromTemplate('tile-template');
  #video = part(this.element, 'video', HTMLVideoElement);
  #stream = new MediaStream();
  #next: NextPicture | undefined;
  readonly #onBlocked: () => void;

  constructor(peerId: string, options: { own?: boolean; screen?: boolean; onBlocked: () => void }) {
    const { own = false, screen = false } = options;
    this.#onBlocked = options.onBlocked;
    this.element.dataset['peer'] = peerId;
    this.element.classList.toggle('own', own);
    this.element.classList.toggle('screen', screen);
    // One's own sound from one's own speakers is an echo.
    this.#video.muted = own;
    this.#video.srcObject = this.#stream;
  }

  show({ name, suffix, node, path, muted, connectionLost }: TileFacts): void {
    const words = path && pathWords(path, node);
    const lost = connectionLost ? 'connection interrupted' : undefined;
    this.element.setAttribute('aria-label', [name + suffix, lost, node, words].filter(Boolean).join(', '));
    this.element.classList.toggle('connection-lost', connectionLost);
    this.#part('.lost').hidden = !connectionLost;
    this.#part('.name').textContent = name + suffix;
    this.#part('.initials').textContent = initials(name);
    this.#part('.node').textContent = node;
    const chip = this.#part('.path');
    chip.hidden = path === undefined;
    chip.textContent = words ?? '';
    chip.classList.toggle('piped', path === 'worker' || path === 'node');
    chip.classList.toggle('from-node', path === 'node');
    part(this.element, '.muted', SVGElement).toggleAttribute('hidden', !muted);
  }

  attach(track: MediaStreamTrack): void {
    this.#stream.addTrack(track);
    this.#refresh();
    this.play();
  }

  detach(track: MediaStreamTrack): void {
    const next = this.#next;
    if (next && (track === next.track || track === next.previous)) {
      this.#stream.removeTrack(next.previous);
      this.#dropNext();
    }
    this.#stream.removeTrack(track);
    this.#refresh();
  }

  /** A picture that is to come in place of another is played under it, and seen from its first frame on. */
  expect(previous: MediaStreamTrack, track: MediaStreamTrack): void {
    if (track.kind === 'audio') return;
    // Whatever it comes in place of has its time over.
    this.#turnTo(previous);
    if (!this.#has(previous)) return;
    this.#dropNext();
    this.#next = new NextPicture(this.#video, previous, track);
  }

  /** The same camera or microphone by another way. */
  change(previous: MediaStreamTrack, track: MediaStreamTrack): void {
    this.#turnTo(previous);
    if (!this.#has(previous)) return this.attach(track);
    if (track.kind === 'audio') {
      this.#stream.addTrack(track);
      this.#stream.removeTrack(previous);
      return this.play();
    }
    if (this.#next?.track !== track) this.expect(previous, track);
    this.#next?.onceSeen(() => this.#turnTo(track));
  }

  /** Hides the picture while its sender has paused it: the last frame would look like a fault. */
  set pictureHidden(hidden: boolean) {
    this.element.classList.toggle('picture-off', hidden);
  }

  set speaking(speaking: boolean) {
    this.element.classList.toggle('speaking', speaking);
  }

  get empty(): boolean {
    return this.#stream.getTracks().length === 0;
  }

  play(): void {
    this.#video.play().catch((error: unknown) => {
      // AbortError: a newer play() has taken over.
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#onBlocked();
    });
  }

  remove(): void {
    this.#dropNext();
    this.#video.srcObject = null;
    this.element.remove();
  }

  #has(track: MediaStreamTrack): boolean {
    return this.#stream.getTracks().includes(track);
  }

  /** Shows the next picture, if it is this one. The sound goes with it. */
  #turnTo(track: MediaStreamTrack): void {
    const next = this.#next;
    if (next?.track !== track) return;
    this.#next = undefined;
    for (const other of this.#stream.getTracks()) if (other !== next.previous) next.stream.addTrack(other);
    next.video.muted = this.#video.muted;
    this.#video.srcObject = null;
    this.#video.remove();
    this.#video = next.video;
    this.#stream = next.stream;
    this.#refresh();
    this.play();
  }

  #dropNext(): void {
    this.#next?.remove();
    this.#next = undefined;
  }

  #refresh(): void {
    this.#video.hidden = this.#stream.getVideoTracks().length === 0;
  }

  #part(selector: string): HTMLElement {
    return part(this.element, selector, HTMLElement);
  }
}

/** "direct", "pipe · worker" (another worker of the same node) or "pipe · node-2" (over the network). */
function pathWords(path: MediaPath, node: string): string {
  if (path === 'router') return 'direct';
  return path === 'worker' ? 'pipe · worker' : `pipe · ${node}`;
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/).slice(0, 2);
  return words.map((word) => firstLetter(word).toUpperCase()).join('');
}

/** As people count letters: a flag or an accented letter is one. Where the browser can't count so, a code point is one. */
function firstLetter(word: string): string {
  const { Segmenter } = Intl as { Segmenter?: typeof Intl.Segmenter };
  if (!Segmenter) return String.fromCodePoint(word.codePointAt(0) ?? 0x20);
  const [first] = new Segmenter().segment(word);
  return first?.segment ?? '';
}
