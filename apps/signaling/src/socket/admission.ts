import { hostOf } from './address.ts';

/** Why a connection is refused before it is a WebSocket, as the metrics count it. */
export type Refusal = 'origin' | 'draining' | 'full' | 'address';

export interface AdmissionOptions {
  maxSockets: number;
  /** Of one address, or of one IPv6 /64; 0: any number. */
  maxSocketsPerAddress: number;
}

/** Counts the connections that stand, in all and by their clients' hosts. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #byHost = new Map<string, number>();
  #size = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  refusalOf(address: string): Refusal | undefined {
    const { maxSockets, maxSocketsPerAddress } = this.#options;
    if (this.#size >= maxSockets) return 'full';
    const isCrowded = maxSocketsPerAddress > 0 && (this.#byHost.get(hostOf(address)) ?? 0) >= maxSocketsPerAddress;
    return isCrowded ? 'address' : undefined;
  }

  add(address: string): void {
    this.#size++;
    this.#change(hostOf(address), 1);
  }

  remove(address: string): void {
    this.#size--;
    this.#change(hostOf(address), -1);
  }

  #change(host: string, by: number): void {
    const count = (this.#byHost.get(host) ?? 0) + by;
    if (count > 0) this.#byHost.set(host, count);
    else this.#byHost.delete(host);
  }
}
