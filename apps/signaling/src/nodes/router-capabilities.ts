import { type OperationResults, SluiceError } from '@sluice/shared';
import type { RtpCapabilities } from '@sluice/shared/protocol';

type Answer = Pick<OperationResults['joinPeer'], 'rtpCapabilities' | 'capabilitiesHash'>;

/**
 * What the nodes' routers can do is the same on all of one version, and most of a join's answer. So the gateway says
 * which capabilities it has, by their hash, and a node sends its own where they are others.
 */
export class RouterCapabilities {
  #known: { hash: string; rtpCapabilities: RtpCapabilities } | undefined;

  /** What goes with one join, and reads its answer: the capabilities that are known now are kept until then. */
  forJoin(): { params: { knownCapabilities?: string }; read: (answer: Answer) => RtpCapabilities } {
    const known = this.#known;
    return {
      params: known ? { knownCapabilities: known.hash } : {},
      read: ({ rtpCapabilities, capabilitiesHash: hash }) => {
        if (rtpCapabilities) this.#known = { hash, rtpCapabilities };
        if (rtpCapabilities) return rtpCapabilities;
        if (known?.hash === hash) return known.rtpCapabilities;
        throw new SluiceError('internal', 'The node has not said what its router can do.');
      },
    };
  }
}
