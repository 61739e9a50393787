import type { ErrorFrame } from '@sluice/shared/protocol';

/** What can go wrong on this side of the WebSocket; everything else is the server's word. */
const localCodes = {
  /** The WebSocket could not be opened: a wrong address, no network, or no gateway there. */
  unreachable: { temporary: true },
  /** The connection ended before the answer came. Whether the call took effect is not known. */
  connectionLost: { temporary: true },
  /** No answer within the deadline. */
  timedOut: { temporary: true },
  /** This browser has no WebRTC that mediasoup-client knows. */
  unsupported: { temporary: false },
  /** The room, publication or subscription was closed before. */
  closed: { temporary: false },
  /** The server sent something that does not fit the protocol. It was left out. */
  badFrame: { temporary: false },
  /** A transport to the node could not be built or ended, and with it what it carried. */
  mediaFailed: { temporary: true },
} as const;

export type LocalErrorCode = keyof typeof localCodes;
export type ClientErrorCode = LocalErrorCode | ErrorFrame['code'];

const longestWaitMs = 60_000;

interface ErrorOptions {
  temporary?: boolean;
  details?: ErrorFrame['details'];
  cause?: unknown;
}

/** Every error that this library throws or reports. `temporary`: the same call may work later. */
export class SluiceClientError extends Error {
  readonly code: ClientErrorCode;
  readonly temporary: boolean;
  readonly details: ErrorFrame['details'];

  constructor(code: ClientErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'SluiceClientError';
    this.code = code;
    this.temporary = options.temporary ?? (isLocal(code) && localCodes[code].temporary);
    this.details = options.details;
  }

  /** How long the server asks to wait before the next attempt, in ms; 0 where it doesn't say. Bounded by a minute. */
  get retryAfterMs(): number {
    const asked = this.details?.['retryAfterMs'];
    return typeof asked === 'number' && asked > 0 ? Math.min(asked, longestWaitMs) : 0;
  }

  static fromFrame(frame: ErrorFrame): SluiceClientError {
    const { code, message, temporary, details } = frame;
    return new SluiceClientError(code, message, { temporary, details });
  }

  /** The same error as one that may pass: for what is tried again as long as the room lasts. */
  asTemporary(): SluiceClientError {
    if (this.temporary) return this;
    return new SluiceClientError(this.code, this.message, { temporary: true, details: this.details, cause: this });
  }

  /** Whatever was thrown, as one of ours; a foreign error becomes the cause under `code`. */
  static from(thrown: unknown, code: LocalErrorCode): SluiceClientError {
    if (thrown instanceof SluiceClientError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new SluiceClientError(code, message, { cause: thrown });
  }
}

function isLocal(code: ClientErrorCode): code is LocalErrorCode {
  return Object.hasOwn(localCodes, code);
}
