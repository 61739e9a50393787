import { formats, type Kind } from './rtp.ts';

type Sink = (number: number) => void;

let count = 0;

/** What mediasoup-client wants of a `MediaStreamTrack`. */
class NativeTrack extends EventTarget {
  readonly kind: Kind;
  readonly id = `track-${++count}`;
  readonly muted = false;
  readyState: 'live' | 'ended' = 'live';
  enabled = true;

  constructor(kind: Kind) {
    super();
    this.kind = kind;
  }

  stop(): void {
    this.readyState = 'ended';
  }

  getSettings(): MediaTrackSettings {
    return this.kind === 'video' ? { width: 320, height: 180 } : {};
  }

  /** For the client's library, whose types know browsers only. */
  get asMediaStreamTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

/** A microphone, or a camera, that counts: it gives one number after another, at the pace of its kind. */
export class SourceTrack extends NativeTrack {
  readonly #sinks = new Set<Sink>();
  readonly #timer: NodeJS.Timeout;
  readonly #began = performance.now();
  #next = 0;

  constructor(kind: Kind) {
    super(kind);
    this.#timer = setInterval(() => this.#tick(), formats[kind].everyMs);
  }

  /** The number that comes next. */
  get next(): number {
    return this.#next;
  }

  /** During a move a track is sent by two producers at once: both send the same numbers. */
  attach(sink: Sink): () => void {
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }

  override stop(): void {
    super.stop();
    clearInterval(this.#timer);
    this.#sinks.clear();
  }

  /** Catches up where this process was held up, by a few at once. */
  #tick(): void {
    const due = (performance.now() - this.#began) / formats[this.kind].everyMs;
    for (; this.#next < due; this.#next++) {
      if (this.enabled) for (const sink of this.#sinks) sink(this.#next);
    }
  }
}

/** A track of another person as it arrives here. */
export class ReceivedTrack extends NativeTrack {
  received = 0;
  readonly #listeners = new Set<Sink>();

  onNumber(listener: Sink): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  take(number: number): void {
    this.received++;
    for (const listener of this.#listeners) listener(number);
  }
}
