import type { CloseCodeName } from '@sluice/shared';

export type SendResult = 'sent' | 'queued' | 'dropped';

/** One client's connection, without its library. */
export interface Socket {
  /** Never throws. `dropped` where the connection is closed, or closes now because its client does not read. */
  send(text: string): SendResult;
  /** As `send` for each, in one write; returns how many were not dropped: the rest was, from the first on that was. */
  sendAll(texts: readonly string[]): number;
  /** Closes with a code of ours. Idempotent; the listener's `closed` comes before this returns. */
  end(code: CloseCodeName, reason?: string): void;
  /** Of the client's host, as far as can be told. */
  readonly address: string;
  /** Bytes that the client has not taken yet. */
  readonly bufferedBytes: number;
}

/** Why a frame can't be read at all. */
export type FrameFault = 'tooLarge' | 'binary';

/**
 * Why a connection ended, as the metrics count it. `client`: it said so, with a close frame; `lost`: it was cut without
 * one; `dead`: it answered nothing any more.
 */
export type SocketEnd = CloseCodeName | 'client' | 'lost' | 'dead' | 'stopped';

/** Who hears a connection. None of these may throw. */
export interface SocketListener {
  text(text: string): void;
  unreadable(fault: FrameFault): void;
  /** Once, and the last call. */
  closed(end: SocketEnd): void;
}
