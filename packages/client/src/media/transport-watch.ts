import type { IceParameters } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import { backOff, sleep } from '../base/retry.ts';
import { hasGrown, received } from './signs-of-life.ts';

export interface TransportWatchOptions {
  transport: types.Transport;
  /** Asks the server for new ICE credentials. */
  restartIce: (transportId: string) => Promise<IceParameters>;
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
/** How long an ICE restart may take, in ms. The next one tells the browser to begin anew, so less helps nobody. */
const restartWithinMs = 4000;
/** So many ICE restarts are tried before a new transport; on a transport that never was connected they help little. */
const restarts = { connected: 3, neverConnected: 1 };
const pace = { firstMs: 500, mostMs: 2000 };

type Phase =
  /** Nothing was sent yet: the browser connects with the first track. */
  | { name: 'unused' }
  | { name: 'connecting'; timer: Timer }
  | { name: 'connected' }
  | { name: 'doubtful'; timer: Timer }
  | { name: 'checking' }
  | { name: 'restarting' }
  | { name: 'over' };

type Timer = ReturnType<typeof setTimeout>;

/**
 * Watches the network under one transport. When it is interrupted, ICE is restarted; when that does not help, the
 * transport is given up.
 */
export class TransportWatch {
  readonly #options: TransportWatchOptions;
  #phase: Phase = { name: 'unused' };
  #wasConnected = false;

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

  /** Looks at once whether anything still comes. For when something outside says that the network may have changed. */
  check(): void {
    const { name } = this.#phase;
    if (name === 'connected') void this.#check();
    else if (name === 'doubtful') void this.#restart();
  }

  /** The transport is left or closed: what happens to it now is of no interest. */
  stop(): void {
    this.#enter({ name: 'over' });
  }

  #enter(phase: Phase): void {
    if ('timer' in this.#phase) clearTimeout(this.#phase.timer);
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
    this.#enter({ name: 'connected' });
    this.#wasConnected = true;
    this.#options.onConnected();
  }

  async #check(): Promise<void> {
    this.#enter({ name: 'checking' });
    const alive = await this.#hears(silentForMs);
    if (!this.#is('checking')) return;
    if (alive) this.#enter({ name: 'connected' });
    else await this.#restart();
  }

  async #restart(): Promise<void> {
    const { transport, onInterrupted, onLost } = this.#options;
    this.#enter({ name: 'restarting' });
    onInterrupted();
    const atMost = this.#wasConnected ? restarts.connected : restarts.neverConnected;
    for (let failures = 0; failures < atMost && this.#is('restarting'); failures++) {
      if (failures > 0) await sleep(backOff(failures, pace));
      if (!this.#is('restarting')) return;
      if (await this.#restartOnce(transport)) return;
    }
    if (!this.#is('restarting')) return;
    this.stop();
    onLost();
  }

  /** True when it is over: media goes through again, or the transport was left. */
  async #restartOnce(transport: types.Transport): Promise<boolean> {
    try {
      const hears = this.#hears(restartWithinMs, async () => {
        await transport.restartIce({ iceParameters: await this.#options.restartIce(transport.id) });
      });
      if (!(await hears) || !this.#is('restarting')) return !this.#is('restarting');
      this.#stands();
      return true;
    } catch {
      // Refused, or not answered: the next attempt, or a new transport.
      return !this.#is('restarting');
    }
  }

  /** Whether anything comes within so many ms, after `act` where that is given. */
  async #hears(withinMs: number, act?: () => Promise<void>): Promise<boolean> {
    const { transport } = this.#options;
    const before = await received(transport);
    await act?.();
    const until = performance.now() + withinMs;
    while (performance.now() < until && !transport.closed && !this.#is('over')) {
      await sleep(lookEveryMs);
      const now = before && (await received(transport));
      if (now ? hasGrown(before, now) && !isDown(transport) : transport.connectionState === 'connected') return true;
    }
    return false;
  }
}

const isDown = ({ connectionState }: types.Transport): boolean =>
  connectionState === 'failed' || connectionState === 'disconnected';
