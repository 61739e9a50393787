import type { types } from 'mediasoup-client';

/** What a transport has received so far, by the ids of the browser's reports. */
export type Received = ReadonlyMap<string, number>;

type Entry = RTCStats &
  Partial<Record<'bytesReceived' | 'responsesReceived' | 'packetsReceived', number>> & { state?: string };

/** Undefined where the runtime has no such figures. */
export async function received(transport: types.Transport): Promise<Received | undefined> {
  try {
    const report = await transport.getStats();
    const counted = ([...report.values()] as Entry[]).filter(isCounted);
    return counted.length > 0 ? new Map(counted.map((entry) => [entry.id, countOf(entry)])) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether something came between two looks. Reports that are gone count for nothing: an ICE restart drops some. */
export function hasGrown(before: Received, after: Received): boolean {
  return [...after].some(([id, count]) => count > (before.get(id) ?? 0));
}

/** Candidate pairs count what any browser receives; the other kinds are there where a pair does not count. */
const isCounted = ({ type }: Entry): boolean =>
  type === 'candidate-pair' || type === 'transport' || type === 'inbound-rtp';

function countOf({ bytesReceived = 0, responsesReceived = 0, packetsReceived = 0, state }: Entry): number {
  // Firefox counts no answers to connectivity checks: there, a pair that has just succeeded is the sign.
  return bytesReceived + responsesReceived + packetsReceived + (state === 'succeeded' ? 1 : 0);
}
