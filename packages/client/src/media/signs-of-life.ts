import type { types } from 'mediasoup-client';

/** What a transport has received so far, by the ids of the browser's reports. */
export interface Received {
  /** Media and data, without the answers to connectivity checks. */
  media: ReadonlyMap<string, number>;
  /** Answers to connectivity checks, and pairs that stood the check: where a browser counts no answers, that is a sign. */
  checks: ReadonlyMap<string, number>;
  /** The pair that carries the media. */
  selected: string | undefined;
}

type Entry = RTCStats &
  Partial<Record<'bytesReceived' | 'responsesReceived' | 'packetsReceived', number>> & {
    state?: string;
    /** Of a pair, in Firefox. */
    selected?: boolean;
    /** Of a transport, in the others. */
    selectedCandidatePairId?: string;
  };

/** Undefined where the runtime has no such figures. */
export async function received(transport: types.Transport): Promise<Received | undefined> {
  try {
    const report = await transport.getStats();
    const counted = ([...report.values()] as Entry[]).filter(isCounted);
    if (counted.length === 0) return undefined;
    const of = (count: (entry: Entry) => number) => new Map(counted.map((entry) => [entry.id, count(entry)]));
    return { media: of(mediaOf), checks: of(checksOf), selected: selectedOf(counted) };
  } catch {
    return undefined;
  }
}

/** Whether media or data came between two looks. */
export const mediaHasGrown = (before: Received, after: Received): boolean => grows(before.media, after.media);

/** Whether a check was answered between two looks, on any pair. */
export const checksHaveGrown = (before: Received, after: Received): boolean => grows(before.checks, after.checks);

/**
 * Whether the pair that carried the media before has answered a check since. Another one says nothing of it, and
 * Firefox counts no answers.
 */
export function hasAnswered(before: Received, after: Received): boolean {
  const { selected, checks } = before;
  return selected !== undefined && (after.checks.get(selected) ?? 0) > (checks.get(selected) ?? 0);
}

/** Reports that are gone count for nothing: an ICE restart drops some. */
function grows(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): boolean {
  return [...after].some(([id, count]) => count > (before.get(id) ?? 0));
}

/** Candidate pairs count what any browser receives; the other kinds are there where a pair does not count. */
const isCounted = ({ type }: Entry): boolean =>
  type === 'candidate-pair' || type === 'transport' || type === 'inbound-rtp';

const mediaOf = ({ bytesReceived = 0, packetsReceived = 0 }: Entry): number => bytesReceived + packetsReceived;

const checksOf = ({ responsesReceived = 0, state }: Entry): number =>
  responsesReceived + (state === 'succeeded' ? 1 : 0);

function selectedOf(entries: readonly Entry[]): string | undefined {
  const named = entries.find(({ selectedCandidatePairId }) => selectedCandidatePairId)?.selectedCandidatePairId;
  return named ?? entries.find(({ selected }) => selected)?.id;
}
