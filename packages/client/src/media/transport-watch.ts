import type { IceParameters } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import { backOff, sleep } from '../base/retry.ts';
import { Flow } from './flow.ts';
import { checksHaveGrown, mediaHasGrown, received } from './signs-of-life.ts';

export interface TransportWatchOptions {
  transport: types.Transport;
  /** Asks the server for new ICE credentials. */
  restartIce: (transportId: string) => Promise<IceParameters>;
  /** Another transport to the same worker `isStill`: when two stop at once, it is the way. */
  isAnotherStill: () => boolean;
  /** No media goes through any more, and the way back is being looked for. */
  onInterrupted: () => void;
  /** Media goes through: at first, and again after an interruption. */
  onConnected: () => void;
  /** ICE restarts have not helped. The transport is of no use; its owner closes it. */
  onLost: () => void;
}

/**
 * How long a transport may take to connect, in ms. A way over TURN and TCP takes some seconds; a longer limit leaves a
 * person without a word for longer.
 */
const connectWithinMs = 6000;
/** A browser says `disconnected` after some seconds without an answer, and may be wrong for a moment. */
const doubtMs = 1200;
/** How long nothing may come before a suspicion is taken for true. An idle transport hears little: restarting costs little. */
const silentForMs = 1200;
const lookEveryMs = 200;
/**
 * Looking at a flow takes at most this share of the time: a report covers all tracks, and took 4 ms for 100 videos in
 * Chromium (2.5 GHz). Once in `leastOftenMs` it may take more.
 */
const lookShare = 0.02;
const leastOftenMs = 2000;
/** How long an ICE restart may take, in ms. The next one tells the browser to begin anew, so less is of no use. */
const restartWithinMs = 4000;
/** So many ICE restarts are tried before a new transport; on a transport that never was connected they help little. */
const restarts = { connected: 3, neverConnected: 1 };
/**
 * How long media may take once the way answers, in ms. Chromium goes on by the old way for up to 3 s more, and tells the
 * server of the new one with its next check, up to 2.5 s later. What is sent is reported on every 1.5 s at the latest.
 */
const mediaAfterMs = { recv: 1000, send: 2000 };
const pace = { firstMs: 500, mostMs: 2000 };

type Phase =
  /** Nothing was sent yet: the browser connects with the first track. */
  | { name: 'unused' }
  | { name: 'connecting'; timer: Timer }
  | { name: 'connected'; timer: Timer; flow: Flow }
  | { name: 'doubtful'; timer: Timer }
  | { name: 'checking' }
  | { name: 'restarting' }
  | { name: 'over' };

/** What came by a transport: media, or answers to checks alone. */
type Heard = 'media' | 'answers' | 'nothing';

type Timer = ReturnType<typeof setTimeout>;

/**
 * Watches the network under one transport. When it is interrupted, ICE is restarted; when that does not help, the
 * transport is given up.
 */
export class TransportWatch {
  readonly #options: TransportWatchOptions;
  #phase: Phase = { name: 'unused' };
  #wasConnected = false;
  /** Media flowed steadily when the transport was connected last. */
  #carried = false;

  constructor(options: TransportWatchOptions) {
    this.#options = options;
    const { transport } = options;
    if (transport.connectionState === 'connected') this.#stands();
    transport.on('connectionstatechange', (state) => this.#changed(state));
    transport.observer.on('close', () => this.stop());
  }

  get connected(): boolean {
    return this.#phase.name === 'connected' || this.#phase.name === 'checking';
  }

  /** What came steadily comes no more. */
  get isStill(): boolean {
    const phase = this.#phase;
    return phase.name === 'restarting' || (phase.name === 'connected' && phase.flow.isStill);
  }

  /** Looks at once whether anything still comes. For when something outside says that the network may have changed. */
  check(): void {
    const { name } = this.#phase;
    if (name === 'connected') void this.#check();
    else if (name === 'doubtful') void this.#restart();
  }

  /** Another transport to the same worker is interrupted. Where the flow of this one has stopped too, its looks tell. */
  anotherInterrupted(): void {
    if (this.#phase.name === 'connected' && !this.#phase.flow.hasStopped) void this.#check();
  }

  /** The transport is left or closed: what happens to it now is of no interest. */
  stop(): void {
    this.#enter({ name: 'over' });
  }

  #enter(phase: Phase): void {
    if ('timer' in this.#phase) clearTimeout(this.#phase.timer);
    if (this.#phase.name === 'connected') this.#carried = this.#phase.flow.wasSteady;
    this.#phase = phase;
  }

  #is(name: Phase['name']): boolean {
    return this.#phase.name === name;
  }

  #changed(state: types.ConnectionState): void {
    const { name } = this.#phase;
    // A restart judges by what comes, and ends by itself.
    if (name === 'over' || name === 'restarting') return;
    if (state === 'connecting' && name === 'unused')
      this.#enter({ name: 'connecting', timer: this.#restartAfter(connectWithinMs) });
    else if (state === 'connected' && name !== 'checking') this.#stands();
    else if (state === 'disconnected' && name === 'connected')
      this.#enter({ name: 'doubtful', timer: this.#restartAfter(doubtMs) });
    else if (state === 'failed') void this.#restart();
  }

  #restartAfter(ms: number): Timer {
    return setTimeout(() => void this.#restart(), ms);
  }

  #stands(): void {
    this.#enterConnected();
    this.#wasConnected = true;
    this.#options.onConnected();
  }

  #enterConnected(): void {
    const flow = new Flow();
    this.#enter({ name: 'connected', flow, timer: this.#lookAfter(flow) });
  }

  #lookAfter(flow: Flow, lookTookMs = 0): Timer {
    const rare = Math.min(leastOftenMs, lookTookMs / lookShare);
    return setTimeout(() => void this.#look(flow), Math.max(flow.lookAfterMs, rare));
  }

  /** The browser says `disconnected` after 5 s to 8 s; media that flowed shows it sooner. */
  async #look(flow: Flow): Promise<void> {
    const began = performance.now();
    flow.look(await received(this.#options.transport));
    const phase = this.#phase;
    if (phase.name !== 'connected' || phase.flow !== flow) return;
    if (flow.isSilent || (flow.isStill && this.#options.isAnotherStill())) await this.#restart();
    else phase.timer = this.#lookAfter(flow, performance.now() - began);
  }

  async #check(): Promise<void> {
    this.#enter({ name: 'checking' });
    const heard = await this.#hears(silentForMs);
    if (!this.#is('checking')) return;
    if (heard === 'nothing') await this.#restart();
    else this.#enterConnected();
  }

  async #restart(): Promise<void> {
    const { onInterrupted, onLost } = this.#options;
    this.#enter({ name: 'restarting' });
    onInterrupted();
    const atMost = this.#wasConnected ? restarts.connected : restarts.neverConnected;
    for (let failures = 0; failures < atMost && this.#is('restarting'); failures++) {
      if (failures > 0) await sleep(backOff(failures, pace));
      if (!this.#is('restarting')) return;
      const heard = await this.#restartOnce();
      if (!this.#is('restarting')) return;
      if (heard === 'media' || (heard === 'answers' && !this.#carried)) return this.#stands();
      // The browser has another way, and does not use it yet: a new transport takes it at once.
      if (heard === 'answers') break;
    }
    if (!this.#is('restarting')) return;
    this.stop();
    onLost();
  }

  async #restartOnce(): Promise<Heard> {
    const { transport, restartIce } = this.#options;
    try {
      return await this.#hears(restartWithinMs, async () => {
        await transport.restartIce({ iceParameters: await restartIce(transport.id) });
      });
    } catch {
      // Refused, or not answered: the next attempt, or a new transport.
      return 'nothing';
    }
  }

  /** What comes within so many ms, after `act` where that is given. */
  async #hears(withinMs: number, act?: () => Promise<void>): Promise<Heard> {
    const { transport } = this.#options;
    const before = await received(transport);
    await act?.();
    let until = performance.now() + withinMs;
    let heard: Heard = 'nothing';
    while (performance.now() < until && !transport.closed && !this.#is('over')) {
      await sleep(lookEveryMs);
      const now = before && (await received(transport));
      if (!now) {
        if (transport.connectionState === 'connected') return 'media';
      } else if (!isDown(transport)) {
        if (mediaHasGrown(before, now)) return 'media';
        if (heard === 'nothing' && checksHaveGrown(before, now)) {
          heard = 'answers';
          until = Math.min(until, performance.now() + mediaAfterMs[transport.direction]);
        }
      }
    }
    return heard;
  }
}

const isDown = ({ connectionState }: types.Transport): boolean =>
  connectionState === 'failed' || connectionState === 'disconnected';
