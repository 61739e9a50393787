/**
 * The closed table of error codes that a client can see. `temporary: true` means that the same call may work later
 * without any change; everything else needs another call, or another person.
 */
export const errorCodes = {
  badRequest: { temporary: false },
  unknownAction: { temporary: false },
  notJoined: { temporary: false },
  alreadyJoined: { temporary: false },
  unauthorized: { temporary: false },
  forbidden: { temporary: false },
  roomNotFound: { temporary: false },
  roomFull: { temporary: false },
  roomClosed: { temporary: false },
  peerNotFound: { temporary: false },
  transportNotFound: { temporary: false },
  producerNotFound: { temporary: false },
  consumerNotFound: { temporary: false },
  cannotConsume: { temporary: false },
  resumeRejected: { temporary: false },
  limitExceeded: { temporary: false },
  tooManyRequests: { temporary: true },
  nodeUnavailable: { temporary: true },
  /** To an operator: no such process. */
  nodeUnknown: { temporary: false },
  gatewayUnknown: { temporary: false },
  noCapacity: { temporary: true },
  deadlineExceeded: { temporary: true },
  coordinatorUnavailable: { temporary: true },
  internal: { temporary: false },
} as const satisfies Record<string, { temporary: boolean }>;

export type ErrorCode = keyof typeof errorCodes;

/** What an error may say besides its code. Small, and safe to show: never a stack, an address or a token. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/** An error on the wire, between processes and towards clients alike. */
export interface WireError {
  code: ErrorCode;
  message: string;
  details?: ErrorDetails;
}

export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails | undefined;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'SluiceError';
    this.code = code;
    this.details = options.details;
  }

  get temporary(): boolean {
    return errorCodes[this.code].temporary;
  }

  toWire(): WireError {
    return { code: this.code, message: this.message, ...(this.details && { details: this.details }) };
  }

  static fromWire(wire: WireError): SluiceError {
    const code: ErrorCode = Object.hasOwn(errorCodes, wire.code) ? wire.code : 'internal';
    return new SluiceError(code, wire.message, wire.details ? { details: wire.details } : {});
  }

  /** Whatever was thrown, as one of ours. A foreign error's text stays inside, as the cause, for the log. */
  static from(thrown: unknown): SluiceError {
    if (thrown instanceof SluiceError) return thrown;
    return new SluiceError('internal', 'Something went wrong on our side.', { cause: thrown });
  }
}

export function isSluiceError(thrown: unknown, code?: ErrorCode): thrown is SluiceError {
  return thrown instanceof SluiceError && (code === undefined || thrown.code === code);
}

/** Ends a `switch` over a union: a new member that is not handled doesn't compile. */
export function unreachable(value: never): never {
  throw new Error(`Unreachable: ${JSON.stringify(value)}`);
}
