import type { Subscription } from '../../bus/bus.ts';
import { SluiceError } from '../../base/errors.ts';
import type { EventBatch, Position, RoomEvent, RoomSnapshot } from '../../protocol/room.ts';
import type { RoomFeedOptions } from './room-feed-options.ts';
import { differences, RoomView } from './room-view.ts';

/** Batches held while the first snapshot is on its way. Beyond it the stream is read instead. */
const heldBatches = 256;
/**
 * How long the owners of a lost room have, in ms, to write it again; they look for such rooms each 3 s. Shorter takes
 * people for gone who are there; longer keeps those on show who went while the room was lost.
 */
const lostRoomMs = 8000;

/**
 * One room as one process follows it. Subscribe, then seed with a snapshot, then events apply. The bus is the fast path
 * and may lose messages; the numbers show it, and the stream, or in the worst case a snapshot, fills the gap.
 */
export class RoomFeed {
  readonly #options: RoomFeedOptions;
  #subscription: Subscription | undefined;
  #position: Position | undefined;
  #view = new RoomView();
  #held: EventBatch[] = [];
  #loading: Promise<void> | undefined;
  #repairing: Promise<void> | undefined;
  #repairAgain = false;
  #closed = false;
  /** A picture was taken while the directory settled: what it lacked was kept, and has to be looked at again. */
  #keptBack = false;
  /** The directory was away since it was read: the same numbers may stand for other events by now. */
  #unsure = false;
  /** The life that the directory has the room in, none where it has it not, in place of the one that was followed. */
  #lost: { epoch: number | undefined; since: number } | undefined;

  constructor(options: RoomFeedOptions) {
    this.#options = options;
  }

  get view(): RoomView {
    return this.#view;
  }

  /** Undefined until the feed is seeded. */
  get position(): Position | undefined {
    return this.#position;
  }

  async subscribe(): Promise<void> {
    const { directory, room, onGarbage } = this.#options;
    const subscription = await directory.subscribe(room, (batch) => this.#accept(batch), onGarbage);
    if (this.#closed) await subscription.unsubscribe();
    else this.#subscription = subscription;
  }

  /** Takes the first picture. Later ones are ignored: events keep the view current. */
  seed(snapshot: RoomSnapshot): void {
    if (this.#position || this.#closed) return;
    this.#view = RoomView.of(snapshot);
    this.#position = { epoch: snapshot.epoch, seq: snapshot.seq };
    const held = this.#held;
    this.#held = [];
    for (const batch of held) this.#accept(batch);
  }

  /**
   * Takes the first picture from the directory: one read, however many ask. There is none where there is no room yet.
   */
  load(): Promise<void> {
    if (this.#position) return Promise.resolve();
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /**
   * Brings the feed to this position, or past it.
   *
   * @throws coordinatorUnavailable where what is missing can't be read.
   */
  async reach(position: Position): Promise<void> {
    if (this.#loading) await this.#loading;
    if (!this.#position && this.#heardFromBirth(position))
      this.seed({ room: this.#options.room, epoch: position.epoch, seq: 0, peers: [], producers: [] });
    // A read that was begun before the room was born has found nothing.
    if (!this.#position) await this.load();
    if (this.#isBehind(position)) await this.catchUp();
    if (this.#isBehind(position)) throw new SluiceError('coordinatorUnavailable', 'The room cannot be read yet.');
  }

  /**
   * The directory has another number of records than this picture, which has heard all: it has lost some without an
   * event. Their owners have a while to write them again; what is missing then is taken for gone.
   */
  doubt(): void {
    if (!this.#position || this.#closed) return;
    this.#keptBack = true;
    this.#lost ??= { epoch: this.#position.epoch, since: this.#now() };
    this.#options.onLost?.();
  }

  /**
   * The directory was away, and may be another one that has lost the last writes and taken in others under the same
   * numbers. The next reading takes a whole picture, whatever its number.
   */
  recheck(): void {
    this.#unsure = true;
  }

  /**
   * Reads what was missed, if anything was. Rejects where the directory is away; the feed stays where it is and can be
   * asked again.
   */
  catchUp(): Promise<void> {
    if (this.#repairing) {
      this.#repairAgain = true;
      return this.#repairing;
    }
    this.#repairing = this.#repair().finally(() => {
      this.#repairing = undefined;
    });
    return this.#repairing;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#held = [];
    await this.#subscription?.unsubscribe();
  }

  async #load(): Promise<void> {
    const snapshot = await this.#options.directory.snapshot(this.#options.room);
    if (snapshot) this.seed(snapshot);
  }

  /** Whether the room's first event is among those that are held. */
  #heardFromBirth({ epoch }: Position): boolean {
    return this.#held.some((batch) => batch.epoch === epoch && batch.seq === 1);
  }

  #isBehind({ epoch, seq }: Position): boolean {
    if (!this.#position) return true;
    return this.#position.epoch === epoch ? this.#position.seq < seq : this.#position.epoch < epoch;
  }

  #accept(batch: EventBatch): void {
    if (this.#closed) return;
    if (!this.#position) {
      this.#hold(batch);
      return;
    }
    const { epoch, seq } = this.#position;
    if (batch.epoch < epoch) return;
    if (batch.epoch > epoch || batch.seq > seq + 1) {
      this.catchUp().catch((error: unknown) => this.#logFailure(error));
      return;
    }
    this.#apply(batch);
  }

  #hold(batch: EventBatch): void {
    this.#held.push(batch);
    // The oldest goes first: its number is then missing, which sends the reader to the stream.
    if (this.#held.length > heldBatches) this.#held.shift();
  }

  #apply(batch: EventBatch): void {
    batch.events.forEach((event, index) => {
      const seq = batch.seq + index;
      if (!this.#position || seq <= this.#position.seq) return;
      this.#take(event, { epoch: batch.epoch, seq });
    });
    this.#options.onBatchEnd?.();
  }

  #take(event: RoomEvent, position: Position): void {
    this.#position = position;
    const news = this.#view.news(event);
    if (!news) return;
    this.#view.apply(news);
    this.#options.onEvent(news, position);
  }

  async #repair(): Promise<void> {
    do {
      this.#repairAgain = false;
      if (!this.#position || this.#closed) return;
      const before = this.#position;
      const whole = this.#unsure || (this.#keptBack && !this.#isSettling());
      const missed = whole ? undefined : await this.#options.directory.eventsAfter(this.#options.room, before);
      if (!missed) await this.#resync();
      else this.#fill(missed);
      // Set by a caller that asked meanwhile.
    } while (this.#isAskedAgain());
  }

  #isAskedAgain(): boolean {
    return this.#repairAgain;
  }

  #fill(missed: EventBatch[]): void {
    const before = this.#position?.seq;
    for (const batch of missed) this.#apply(batch);
    if (this.#position?.seq !== before) this.#options.onRepair?.('gap');
  }

  async #resync(): Promise<void> {
    const heard = this.#position;
    const snapshot = await this.#options.directory.snapshot(this.#options.room);
    if (!heard || !this.#position || this.#closed) return;
    if (snapshot?.epoch === this.#position.epoch) {
      await this.#compare(snapshot, heard);
      return;
    }
    this.#unsure = false;
    this.#noteLoss(snapshot?.epoch);
    if (snapshot && this.#isSettling() && (await this.#followNewLife(snapshot.epoch))) return;
    this.#picture(snapshot, this.#position);
  }

  async #compare(snapshot: RoomSnapshot, heard: Position): Promise<void> {
    // It has forgotten what was heard before it was asked: a fail-over has lost writes.
    const hasForgotten = snapshot.seq < heard.seq;
    if (hasForgotten) this.#options.onLost?.();
    if (!this.#unsure && !hasForgotten && !this.#keptBack && !this.#isBehind(snapshot)) return;
    if (this.#isBehind(snapshot)) await this.#fillFrom(heard);
    if (!this.#position || this.#closed) return;
    // More was heard while it was read: another reading has that too.
    if (!hasForgotten && snapshot.seq < this.#position.seq) {
      this.#repairAgain = true;
      return;
    }
    if ((this.#unsure || hasForgotten) && !this.#view.isWholeIn(snapshot)) this.doubt();
    this.#unsure = false;
    this.#picture(snapshot, this.#position);
  }

  /** A picture has nothing of what was said: the events come first, where they can be had. */
  async #fillFrom(heard: Position): Promise<void> {
    const missed = await this.#options.directory.eventsAfter(this.#options.room, this.#position ?? heard);
    if (missed) this.#fill(missed);
  }

  /** Takes a picture in place of the one that was kept. */
  #picture(snapshot: RoomSnapshot | undefined, before: Position): void {
    if (this.#closed) return;
    const settling = this.#isSettling();
    if (!settling) this.#lost = undefined;
    const told = snapshot ? RoomView.of(snapshot) : new RoomView();
    const next = settling ? told.withMissingFrom(this.#view) : told;
    this.#keptBack = settling;
    // Numbers are never taken back: owners go on counting from what was heard.
    const isOlder = snapshot?.epoch === before.epoch && snapshot.seq < before.seq;
    const position = snapshot && !isOlder ? { epoch: snapshot.epoch, seq: snapshot.seq } : before;
    const events = differences(this.#view, next);
    [this.#view, this.#position] = [next, position];
    this.#tellPicture(events, position);
    this.#options.onRepair?.('resync');
  }

  #tellPicture(events: readonly RoomEvent[], position: Position): void {
    if (events.length === 0) return;
    if (this.#options.onPicture) return this.#options.onPicture(events, position);
    for (const event of events) this.#options.onEvent(event, position);
  }

  /** From its first event on: a picture of now would leave out what was said in it. False where that can't be had. */
  async #followNewLife(epoch: number): Promise<boolean> {
    const beginning = { epoch, seq: 0 };
    const events = await this.#options.directory.eventsAfter(this.#options.room, beginning);
    if (!events || this.#closed) return false;
    this.#position = beginning;
    this.#keptBack = true;
    this.#fill(events);
    this.#options.onRepair?.('resync');
    return true;
  }

  #noteLoss(epoch: number | undefined): void {
    if (this.#lost && this.#lost.epoch === epoch) return;
    this.#lost = { epoch, since: this.#now() };
    this.#options.onLost?.();
  }

  #isSettling(): boolean {
    if (this.#options.settling?.()) return true;
    return this.#lost !== undefined && this.#now() - this.#lost.since < lostRoomMs;
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }

  #logFailure(error: unknown): void {
    const { code } = SluiceError.from(error);
    this.#options.log.warn({ room: this.#options.room, code }, 'Missed room events could not be read yet.');
  }
}
