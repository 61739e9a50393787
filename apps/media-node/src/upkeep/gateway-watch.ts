import type { Clock, Registry, Timer } from '@sluice/shared';
import { detach, type ResumeWindowOptions } from '../moving/resume-window.ts';

/**
 * How long a peer's gateway may be unknown before the peer counts as detached, in leases. The registry tells of a lost
 * gateway once; peers that were entering then, or came by a move, are found here.
 */
const patienceLeases = 1.5;

export interface GatewayWatchOptions extends ResumeWindowOptions {
  readonly clock: Clock;
  readonly registry: Registry;
}

/** Detaches the peers whose gateway has been unknown for a while, however that came about. */
export class GatewayWatch {
  readonly #node: GatewayWatchOptions;
  /** Since when each unknown gateway is missed, on the process's clock. */
  readonly #missedSince = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(node: GatewayWatchOptions) {
    this.#node = node;
  }

  start(): void {
    const { clock, config } = this.#node;
    this.#timer = clock.setRepeating(() => this.look(), config.leaseMs / 2);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  look(): void {
    const { config, registry, slices } = this.#node;
    // While this process hears nothing itself, an unknown gateway means nothing.
    if (!registry.judging) return this.#missedSince.clear();
    const known = new Set(registry.gateways().map(({ report }) => report.address));
    for (const address of this.#missedSince.keys()) if (known.has(address)) this.#missedSince.delete(address);
    const missed = new Set<string>();
    for (const slice of slices) {
      for (const peer of slice.present()) {
        const { gateway } = peer.record;
        if (known.has(gateway) || peer.detached || peer.movedAway) continue;
        missed.add(gateway);
        if (this.#missesFor(gateway) >= patienceLeases * config.leaseMs) detach(this.#node, { slice, peer }, 'gateway');
      }
    }
    for (const address of this.#missedSince.keys()) if (!missed.has(address)) this.#missedSince.delete(address);
  }

  #missesFor(gateway: string): number {
    const now = this.#node.clock.now();
    const since = this.#missedSince.get(gateway) ?? now;
    this.#missedSince.set(gateway, since);
    return now - since;
  }
}
