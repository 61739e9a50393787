import * as z from 'zod';
import { type Child, opsUrl } from '../stage.ts';

const heldProducer = z.object({ producerId: z.string(), kind: z.string(), paused: z.boolean() });

const heldPeer = z.object({
  peerId: z.string(),
  sessionId: z.string(),
  gateway: z.string(),
  /** `entering`: not in the directory yet. `movedAway`: another node has the peer, its media is still here. */
  state: z.enum(['entering', 'here', 'detached', 'movedAway']),
  producers: z.array(heldProducer),
});

const nodeHolding = z.object({
  node: z.string(),
  /** Whether it hears the bus. A process that does not cannot know of changes. */
  hearing: z.boolean(),
  slice: z.object({ boot: z.string(), fenced: z.boolean() }).optional(),
  peers: z.array(heldPeer),
});

const gatewayHolding = z.object({
  gateway: z.string(),
  address: z.string(),
  hearing: z.boolean(),
  sessions: z.array(z.object({ peerId: z.string(), sessionId: z.string(), node: z.string() })),
  /** The gateway's picture of the room; undefined where it does not follow the room. */
  picture: z
    .object({
      epoch: z.number(),
      seq: z.number(),
      peers: z.array(z.object({ peerId: z.string(), sessionId: z.string(), node: z.string() })),
      producers: z.array(z.object({ producerId: z.string(), paused: z.boolean() })),
    })
    .optional(),
});

export type NodeHolding = z.infer<typeof nodeHolding>;
export type GatewayHolding = z.infer<typeof gatewayHolding>;

/** The state of one room in the processes of a cluster. */
export interface Holdings {
  nodes: NodeHolding[];
  gateways: GatewayHolding[];
  /** The processes that did not answer, or do not hear the bus. */
  unknown: Set<string>;
}

/** A process that does not answer in this time is frozen, or busy: the next sample asks it again. In ms. */
const patienceMs = 400;

/** Asks every process at once. */
export async function askHoldings(
  { nodes, gateways }: { nodes: readonly Child[]; gateways: readonly Child[] },
  room: string,
): Promise<Holdings> {
  const unknown = new Set<string>();
  const askAll = async <T extends { hearing: boolean }>(children: readonly Child[], schema: z.ZodType<T>) => {
    const answers = await Promise.all(children.map((child) => askOne(child, room, schema)));
    answers.forEach((answer, index) => {
      if (answer === 'silent' || (answer && !answer.hearing)) unknown.add(children[index]?.name ?? '');
    });
    return answers.flatMap((answer) => (answer !== 'silent' && answer?.hearing ? [answer] : []));
  };
  const [ofNodes, ofGateways] = await Promise.all([askAll(nodes, nodeHolding), askAll(gateways, gatewayHolding)]);
  return { nodes: ofNodes, gateways: ofGateways, unknown };
}

/** Undefined where the process has ended. Rejects for an answer of another form: the audit would be blind. */
async function askOne<T>({ up }: Child, room: string, schema: z.ZodType<T>): Promise<T | 'silent' | undefined> {
  let answer: unknown;
  try {
    const url = `${opsUrl(up.opsPort)}/rooms/${encodeURIComponent(room)}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(patienceMs) });
    answer = await response.json();
  } catch (error) {
    return error instanceof DOMException && error.name === 'TimeoutError' ? 'silent' : undefined;
  }
  return schema.parse(answer);
}
