import type { types } from 'mediasoup';

/** How a data channel is delivered, as clients say it: ordered or not, and what may be lost. */
export interface Reliability {
  ordered?: boolean;
  /** For how long a message may wait to be sent, in ms. */
  maxPacketLifeTime?: number;
  /** How often a lost message may be repeated. */
  maxRetransmits?: number;
}

/** The longest life time that a message can be given, in ms. */
const longestLifeTime = 65_535;

/**
 * What a data producer is made with, so that its consumers, at clients and behind pipes, can be relied on. The worker
 * (3.27) takes a limit that is not set as 0: an unordered message that can't be sent at once is dropped, and none is ever
 * repeated. So a reliable channel is ordered on its way, which its users can't tell from an unordered one but by its
 * delays; and a channel that limits repetitions limits life time instead, as long as can be: its messages wait to be sent,
 * and none is repeated.
 *
 * @throws TypeError where the limits contradict each other, as mediasoup does.
 */
export function deliverable(parameters: types.SctpStreamParameters): types.SctpStreamParameters {
  const { streamId, ordered, maxPacketLifeTime, maxRetransmits } = parameters;
  const limits = [maxPacketLifeTime, maxRetransmits].filter((limit) => limit !== undefined);
  if (limits.length > (ordered === true ? 0 : 1))
    throw new TypeError('an ordered channel has no limit, another has one');
  const wanted = deliverableAs(parameters);
  return { streamId, ...(wanted.ordered === undefined ? { ordered: true } : wanted) };
}

/** What a consumer is to be made with that wants it otherwise than its producer; nothing where that is right. */
export function deliverableAs({ ordered, maxPacketLifeTime, maxRetransmits }: Reliability): Reliability {
  if (ordered === true) return { ordered: true };
  if (maxPacketLifeTime !== undefined) return { ordered: false, maxPacketLifeTime };
  if (maxRetransmits !== undefined) return { ordered: false, maxPacketLifeTime: longestLifeTime };
  return {};
}
