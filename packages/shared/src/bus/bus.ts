/**
 * The bus carries text between processes. At most once is a fact: a message may be lost, never doubled by the bus
 * itself, and messages of one publisher on one channel arrive in the order they were published.
 */
export interface Bus {
  /**
   * Sends to the channel's subscribers. Resolves to how many heard, or to undefined where that is not to be had (a
   * Redis Cluster). Rejects with `coordinatorUnavailable` at once while the bus is away: nothing is queued.
   */
  publish(channel: string, message: string): Promise<number | undefined>;

  /**
   * Declares that the channel is to be heard; resolves once it is. While the bus is away the wish stands, and is made
   * good when it is back. One channel may have several listeners. A listener must not throw.
   */
  subscribe(channel: string, listener: (message: string) => void): Promise<Subscription>;

  /** Whether both directions stand now. */
  readonly connected: boolean;

  /** Called at each change of `connected`, and at each return of the subscriptions after a loss. */
  onChange(listener: (connected: boolean) => void): Unsubscribe;

  close(): Promise<void>;
}

export interface Subscription {
  /** Resolves when the channel is no longer heard by this listener. Idempotent. */
  unsubscribe(): Promise<void>;
}

export type Unsubscribe = () => void;
