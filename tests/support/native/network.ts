import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

export type Protocol = 'udp' | 'tcp';

/** An address of a node. */
export interface Candidate {
  protocol: Protocol;
  address: string;
  port: number;
  priority: number;
}

/** One socket to one candidate. */
export interface Leg {
  readonly candidate: Candidate;
  send(packet: Buffer): void;
  close(): void;
}

/**
 * The network between one client and the nodes, as far as its media goes; its WebSocket takes another way. UDP that is cut is
 * swallowed. TCP that is cut ends its connections, and no new ones are made.
 */
export class Network {
  /** Whether the client's WebRTC has ICE restart. A client without it can only make new transports. */
  readonly restartsIce: boolean;
  readonly #cut = new Set<Protocol>();
  readonly #legs = new Set<Leg>();

  constructor({ restartsIce = true }: { restartsIce?: boolean } = {}) {
    this.restartsIce = restartsIce;
  }

  cut(...protocols: Protocol[]): void {
    for (const protocol of protocols) this.#cut.add(protocol);
    for (const leg of this.#legs) if (leg.candidate.protocol === 'tcp' && this.#cut.has('tcp')) leg.close();
  }

  heal(): void {
    this.#cut.clear();
  }

  /** Undefined while its protocol is cut and needs a connection. */
  reach(candidate: Candidate, onPacket: (leg: Leg, packet: Buffer) => void): Leg | undefined {
    const isCut = (): boolean => this.#cut.has(candidate.protocol);
    if (candidate.protocol === 'tcp' && isCut()) return undefined;
    const open = candidate.protocol === 'udp' ? openUdp : openTcp;
    const wire = open(candidate, (packet) => {
      if (!isCut()) onPacket(leg, packet);
    });
    const leg: Leg = {
      candidate,
      send: (packet) => {
        if (!isCut()) wire.send(packet);
      },
      close: () => {
        this.#legs.delete(leg);
        wire.close();
      },
    };
    this.#legs.add(leg);
    return leg;
  }
}

interface Wire {
  send(packet: Buffer): void;
  close(): void;
}

function openUdp({ address, port }: Candidate, onPacket: (packet: Buffer) => void): Wire {
  const socket = createSocket('udp4');
  let closed = false;
  socket.on('message', onPacket);
  // A node that has ended refuses packets; the missing answers show it.
  socket.on('error', () => undefined);
  return {
    send: (packet) => {
      if (!closed) socket.send(packet, port, address, () => undefined);
    },
    close: () => {
      if (closed) return;
      closed = true;
      socket.close();
    },
  };
}

/** Each packet after its length, in two bytes (RFC 4571). */
function openTcp({ address, port }: Candidate, onPacket: (packet: Buffer) => void): Wire {
  const socket = connect({ host: address, port, noDelay: true });
  let rest: Buffer = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let length = lengthOf(rest); rest.length >= 2 + length; length = lengthOf(rest)) {
      onPacket(rest.subarray(2, 2 + length));
      rest = rest.subarray(2 + length);
    }
  });
  return {
    send: (packet) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(packet.length);
      if (!socket.destroyed) socket.write(Buffer.concat([length, packet]));
    },
    close: () => void socket.destroy(),
  };
}

/** The length of the first packet; infinite while its two bytes have not come. */
const lengthOf = (bytes: Buffer): number => (bytes.length < 2 ? Number.POSITIVE_INFINITY : bytes.readUInt16BE());
