/** The old track lives a second longer than its successor's first frame. */
const seenAtLatestMs = 900;

/** A picture that comes in place of another: plays under it, without sound, and is seen from its first frame on. */
export class NextPicture {
  readonly previous: MediaStreamTrack;
  readonly track: MediaStreamTrack;
  readonly stream: MediaStream;
  readonly video: HTMLVideoElement;
  readonly #over: HTMLVideoElement;
  #seen = false;
  #onSeen: (() => void) | undefined;

  constructor(over: HTMLVideoElement, previous: MediaStreamTrack, track: MediaStreamTrack) {
    this.#over = over;
    this.previous = previous;
    this.track = track;
    this.stream = new MediaStream([track]);
    this.video = over.cloneNode() as HTMLVideoElement;
    this.video.muted = true;
    this.video.srcObject = this.stream;
    over.before(this.video);
    whenShown(this.video, () => this.#show());
    // A picture without sound needs no permission to play; where it is taken away again, that is an error here.
    this.video.play().catch(() => undefined);
  }

  /** When it is seen, or has had its time: a hidden tab shows no frames. */
  onceSeen(act: () => void): void {
    this.#onSeen = act;
    if (this.#seen) act();
    else setTimeout(() => this.#onSeen?.(), seenAtLatestMs);
  }

  remove(): void {
    this.#onSeen = undefined;
    this.#over.style.opacity = '';
    this.video.srcObject = null;
    this.video.remove();
  }

  #show(): void {
    this.#seen = true;
    this.#over.style.opacity = '0';
    this.#onSeen?.();
  }
}

/** Where the browser can't say when a frame is shown, one is when there is data of it to play. */
function whenShown(video: HTMLVideoElement, act: () => void): void {
  if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(act);
  else (video as HTMLVideoElement).addEventListener('loadeddata', act, { once: true });
}
