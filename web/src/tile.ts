import type { Subscription } from '@sluice/client';
import { fromTemplate, part } from './dom.ts';

export type MediaPath = Subscription['path'];

export interface TileFacts {
  name: string;
  /** What follows the name: " (you)", ": screen". */
  suffix: string;
  node: string;
  /** How the media came here; undefined for one's own. */
  path?: MediaPath;
  muted: boolean;
}

/** The old track lives a second longer than its successor's first frame. */
const changeAtMostMs = 900;

/** One person's camera and microphone, or one person's screen. Plays what is attached to it. */
export class Tile {
  readonly element = fromTemplate('tile-template');
  #video = part(this.element, 'video', HTMLVideoElement);
  #stream = new MediaStream();
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

  show({ name, suffix, node, path, muted }: TileFacts): void {
    const words = path && pathWords(path, node);
    this.element.setAttribute('aria-label', [name + suffix, node, words].filter(Boolean).join(', '));
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
    this.#stream.removeTrack(track);
    this.#refresh();
  }

  /** The same camera or microphone by another way. A picture is laid under the old one until it has a frame to show. */
  change(previous: MediaStreamTrack, track: MediaStreamTrack): void {
    if (!this.#stream.getTracks().includes(previous)) return this.attach(track);
    if (track.kind === 'audio') {
      this.#stream.addTrack(track);
      this.#stream.removeTrack(previous);
    } else this.#layUnder(previous, track);
    this.play();
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
    this.#video.srcObject = null;
    this.element.remove();
  }

  #layUnder(previous: MediaStreamTrack, track: MediaStreamTrack): void {
    const old = this.#video;
    const others = this.#stream.getTracks().filter((one) => one !== previous);
    this.#video = old.cloneNode() as HTMLVideoElement;
    // The sound goes with the element that stays.
    this.#stream = new MediaStream([track, ...others]);
    this.#video.srcObject = this.#stream;
    this.#video.muted = old.muted;
    old.muted = true;
    old.before(this.#video);
    const remove = (): void => {
      clearTimeout(timer);
      old.srcObject = null;
      old.remove();
    };
    // A hidden tab shows no frames.
    const timer = setTimeout(remove, changeAtMostMs);
    this.#video.requestVideoFrameCallback(remove);
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

/** As people count letters: a flag or an accented letter is one. */
function firstLetter(word: string): string {
  const [first] = new Intl.Segmenter().segment(word);
  return first?.segment ?? '';
}
