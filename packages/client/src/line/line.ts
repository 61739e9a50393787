import type { ActionInput, ActionName, Replies, ResumedReply } from '@sluice/shared/protocol';
import { Connection, type ConnectionEnd, type ConnectionOptions, defaultDeadlineMs, lost } from './connection.ts';
import { Emitter, type Off } from '../base/emitter.ts';
import type { SluiceClientError } from '../base/errors.ts';
import type { ServerEvent } from '../base/event-of.ts';
import { delayBefore, Pause, Turns } from './reconnect.ts';
import type { Signalling } from './signalling.ts';
import { KeepAlive } from './keep-alive.ts';
import { listenToNetwork } from './network-signs.ts';
import { Outbox } from './outbox.ts';

export interface LineEvents {
  event: ServerEvent;
  error: SluiceClientError;
  /** The connection is lost, and looked for again. */
  down: undefined;
  /** What was missed. Without `downtimeMs` the connection before still stood: nothing was. */
  resumed: { reply: ResumedReply; downtimeMs?: number };
  /** `rejected`: the server does not know the peer any more. */
  closed: ConnectionEnd & { rejected: boolean };
  /** The network under everything may be another one, or was away: what does not go by this line should be looked at. */
  networkChanged: undefined;
}

export interface LineOptions {
  urls: readonly string[];
  /** Which of them the first connection is to. */
  current: number;
  /** What to say to be taken up again, as of now. */
  resumption: () => ActionInput<'resume'>;
  /** How long to look for a connection. The server's own limit is 30 s; beyond it there is nothing to come back to. */
  resumeWindowMs: number;
  connection: ConnectionOptions;
}

/** For one attempt, opening and resuming each. A gateway that does not answer must not cost the whole window. */
const attemptMs = 4000;
/** How long answers from the connection before are waited for, when another has taken over while it stood. */
const lingerMs = 5000;
/** Another connection has the peer now. */
const resumedElsewhere = 4504;
const finalRefusals = new Set(['resumeRejected', 'unauthorized', 'forbidden', 'badRequest']);

/**
 * The way to the cluster for as long as a room lasts: one connection after another, each taking up where the last one
 * ended. What is asked while none stands waits; what was on its way when one ended fails with `connectionLost`.
 */
export class Line implements Signalling {
  readonly #options: LineOptions;
  readonly #emitter = new Emitter<LineEvents>();
  readonly #outbox = new Outbox();
  readonly #turns: Turns;
  readonly #pause = new Pause();
  readonly #unlisten: () => void;
  /** Connections that were given up. A close frame says "I leave", so it is sent only when that can't hurt any more. */
  readonly #given = new Set<Connection>();
  #connection: Connection | undefined;
  #offs: Off[] = [];
  #keepAlive: KeepAlive | undefined;
  /** Whether the last connection went silent or the browser offline: then the network is in doubt, not the gateway. */
  #doubtful = false;
  #looking = false;
  #downSince: number | undefined;
  #ended = false;

  constructor(connection: Connection, options: LineOptions) {
    this.#options = options;
    this.#turns = new Turns(options.urls, options.current);
    this.#listen(connection);
    this.#outbox.open(connection);
    this.#unlisten = listenToNetwork({
      onOffline: () => this.#connection && this.#abandon(this.#connection, 'offline'),
      onChanged: () => this.#networkChanged(),
    });
  }

  on<T extends keyof LineEvents>(type: T, listener: (value: LineEvents[T]) => void): Off {
    return this.#emitter.on(type, listener);
  }

  request<A extends ActionName>(action: A, fields: ActionInput<A>, deadlineMs?: number): Promise<Replies[A]> {
    if (this.#ended) return Promise.reject(lost({ code: 1000, reason: 'closed here', comeBack: false }));
    return this.#outbox.request(action, fields, deadlineMs ?? this.#options.connection.deadlineMs ?? defaultDeadlineMs);
  }

  /** Looks for another connection while this one stands. For a gateway that says it is going away. */
  moveOver(afterMs: number): void {
    this.#look(afterMs);
  }

  close(): void {
    if (this.#ended) return;
    this.#finish({ code: 1000, reason: 'closed here', comeBack: false, rejected: false });
  }

  #listen(connection: Connection): void {
    this.#connection = connection;
    this.#offs = [
      connection.on('event', (event) => this.#emitter.emit('event', event)),
      connection.on('error', (error) => this.#emitter.emit('error', error)),
      connection.on('closed', (end) => this.#lost(end)),
    ];
    this.#keepAlive?.stop();
    this.#keepAlive = new KeepAlive({ connection, onSilent: () => this.#abandon(connection, 'silent') });
  }

  #networkChanged(): void {
    this.#keepAlive?.probe();
    this.#pause.wake();
    this.#emitter.emit('networkChanged', undefined);
  }

  /** A browser may take minutes to see that a connection is dead. */
  #abandon(connection: Connection, reason: string): void {
    if (connection !== this.#connection) return;
    this.#given.add(connection);
    this.#doubtful = true;
    connection.abandon(reason);
  }

  #lost(end: ConnectionEnd): void {
    this.#connection = undefined;
    this.#keepAlive?.stop();
    this.#outbox.shut();
    if (this.#ended) return;
    // The old connection may hear of our own resume by another gateway before that has answered.
    if (end.code === resumedElsewhere && this.#looking) return;
    if (!end.comeBack) return this.#finish({ ...end, rejected: false });
    this.#downSince = performance.now();
    this.#emitter.emit('down', undefined);
    this.#pause.wake();
    this.#look(delayBefore(0));
  }

  #look(afterMs: number): void {
    if (this.#looking || this.#ended) return;
    this.#looking = true;
    void this.#tryUntil(afterMs).finally(() => {
      this.#looking = false;
    });
  }

  #isOver(): boolean {
    return this.#ended;
  }

  async #tryUntil(afterMs: number): Promise<void> {
    const began = performance.now();
    for (let attempt = 0; ; attempt++) {
      await this.#pause.wait(attempt === 0 ? afterMs : delayBefore(attempt));
      if (this.#ended) return;
      const outcome = await this.#attempt();
      if (outcome === 'resumed' || this.#isOver()) return;
      if (outcome === 'rejected') return this.#giveUp(true);
      if (performance.now() - (this.#downSince ?? began) >= this.#options.resumeWindowMs) return this.#giveUp(false);
    }
  }

  async #attempt(): Promise<'resumed' | 'rejected' | 'failed'> {
    const options = { ...this.#options.connection, deadlineMs: attemptMs };
    const connection = await Connection.open(this.#turns.next(), options).catch(() => undefined);
    if (!connection) return 'failed';
    try {
      const reply = await connection.request('resume', this.#options.resumption());
      if (connection.closed) return 'failed';
      this.#take(connection, reply);
      return 'resumed';
    } catch (error) {
      // The server may still take it up; the next attempt takes over from that.
      this.#given.add(connection);
      connection.abandon('not resumed');
      return finalRefusals.has((error as SluiceClientError).code) ? 'rejected' : 'failed';
    }
  }

  #take(connection: Connection, reply: ResumedReply): void {
    if (this.#ended) return connection.close();
    const before = this.#connection;
    for (const off of this.#offs) off();
    // The server closes it with 4504. What was asked there is still answered there.
    if (before) setTimeout(() => before.close(), lingerMs);
    this.#listen(connection);
    const downtimeMs = this.#downSince === undefined ? undefined : performance.now() - this.#downSince;
    this.#downSince = undefined;
    for (const given of this.#given) given.close();
    this.#given.clear();
    const doubtful = this.#doubtful;
    this.#doubtful = false;
    this.#emitter.emit('resumed', { reply, ...(downtimeMs !== undefined && { downtimeMs }) });
    this.#outbox.open(connection);
    if (doubtful) this.#emitter.emit('networkChanged', undefined);
  }

  /** Nothing is over while a connection stands: then its end will have us look again. */
  #giveUp(rejected: boolean): void {
    if (this.#connection) return;
    this.#finish({ code: 1006, reason: 'not taken up again', comeBack: true, rejected });
  }

  #finish(end: ConnectionEnd & { rejected: boolean }): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unlisten();
    this.#keepAlive?.stop();
    this.#pause.wake();
    this.#outbox.failAll(lost(end));
    for (const connection of [this.#connection, ...this.#given]) connection?.close();
    this.#emitter.emit('closed', end);
    this.#emitter.clear();
  }
}
