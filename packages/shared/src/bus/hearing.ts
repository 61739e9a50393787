/** What a subscriber connection, or several of them in a Cluster, tells the bus. */
export interface HearingEvents {
  message(channel: string, message: string): void;
  /** The channel is heard from now on. */
  made(channel: string): void;
  /** The channel is not heard any more, wanted or not. */
  unmade(channel: string): void;
  /** `good` may have changed. */
  changed(): void;
}

/** The subscribing half of a bus: what should be heard is declared, and made good whenever that is possible. */
export interface Hearing {
  want(channel: string): void;
  unwant(channel: string): void;
  /** Whether what is published there from now on is heard. */
  hears(channel: string): boolean;
  /** Whether Redis still counts us among the channel's hearers. */
  lingers(channel: string): boolean;
  /** Whether all that was wanted when the connection was last made is heard, and a probe came through since. */
  readonly good: boolean;
  /** How often it published to itself and did not hear it. */
  readonly deaf: number;
  /** Doubts itself until a probe comes through again. */
  prove(): void;
  close(): void;
}
