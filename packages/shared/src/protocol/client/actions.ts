import * as z from 'zod';
import * as f from '../fields.ts';
import * as m from '../media.ts';

const oneOrMany = <T>(item: z.ZodType<T>, one: string, many: string) =>
  z
    .object({ [one]: item.exactOptional(), [many]: z.array(item).min(1).max(256).exactOptional() })
    .refine((value) => (value[one] === undefined) !== (value[many] === undefined), {
      message: `either ${one} or ${many}`,
      path: [one],
    })
    .transform((value) => (value[many] as T[] | undefined) ?? [value[one] as T]);

const producer = z.object({ producerId: f.producerId });
const consumers = oneOrMany(f.consumerId, 'consumerId', 'consumerIds').transform((consumerIds) => ({ consumerIds }));

const consumeFields = z.object({
  transportId: f.transportId.exactOptional(),
  rtpCapabilities: m.rtpCapabilities.exactOptional(),
  paused: z.boolean().default(true),
  preferredLayers: m.consumerLayers.exactOptional(),
});
const producers = oneOrMany(f.producerId, 'producerId', 'producerIds')
  .refine(f.isUnique, { message: 'the same producer twice', path: ['producerIds'] })
  .transform((producerIds) => ({ producerIds }));

/**
 * Every action that a client may send, with the fields that it must or may carry. What a schema returns is the type
 * that the inside works with: unknown fields are gone and "one or many" has become many.
 */
export const clientActions = {
  join: z.object({
    room: f.roomId,
    token: z.string().max(4096).exactOptional(),
    name: f.displayName.exactOptional(),
    metadata: f.metadata.exactOptional(),
    peerId: f.peerId.exactOptional(),
    resumeToken: z.string().min(1).max(128).exactOptional(),
    region: z.string().max(64).exactOptional(),
    node: z.string().max(64).exactOptional(),
    features: z.array(z.string().max(32)).max(16).default([]),
    transports: z.boolean().default(false),
    rtpCapabilities: m.rtpCapabilities.exactOptional(),
  }),
  resume: z.object({
    room: f.roomId,
    peerId: f.peerId,
    resumeToken: z.string().min(1).max(128),
    epoch: z.int().min(0),
    seq: z.int().min(0),
  }),
  createWebRtcTransport: z.object({ direction: z.enum(['send', 'recv']), sctp: z.boolean().default(false) }),
  connectTransport: z.object({
    transportId: f.transportId,
    dtlsParameters: m.dtlsParameters,
    role: z.enum(['producer', 'consumer']).exactOptional(),
  }),
  restartIce: z.object({ transportId: f.transportId }),
  closeTransport: z.object({ transportId: f.transportId }),
  produce: z.object({
    transportId: f.transportId,
    kind: m.mediaKind,
    rtpParameters: m.rtpParameters,
    paused: z.boolean().default(false),
    source: f.source.exactOptional(),
    metadata: f.metadata.exactOptional(),
    replaces: f.producerId.exactOptional(),
  }),
  pauseProducer: producer,
  resumeProducer: producer,
  closeProducer: producer,
  consume: z.intersection(producers, consumeFields),
  pauseConsumer: consumers,
  resumeConsumer: consumers,
  closeConsumer: consumers,
  setPreferredLayers: z.object({ consumerId: f.consumerId }).extend(m.consumerLayers.shape),
  setPriority: z.object({ consumerId: f.consumerId, priority: m.consumerPriority }),
  requestKeyFrame: z.object({ consumerId: f.consumerId }),
  produceData: z.object({
    transportId: f.transportId,
    sctpStreamParameters: m.sctpStreamParameters,
    label: f.label.default(''),
    protocol: f.label.default(''),
    metadata: f.metadata.exactOptional(),
  }),
  consumeData: z.object({
    dataProducerId: f.producerId,
    transportId: f.transportId.exactOptional(),
    ordered: z.boolean().exactOptional(),
    maxPacketLifeTime: z.int().min(1).max(65_535).exactOptional(),
    maxRetransmits: z.int().min(0).max(65_535).exactOptional(),
  }),
  closeDataProducer: z.object({ dataProducerId: f.producerId }),
  closeDataConsumer: z.object({ dataConsumerId: f.consumerId }),
  sendMessage: z.object({ payload: f.messagePayload, to: z.array(f.peerId).min(1).max(256).exactOptional() }),
  updatePeer: z.object({ name: f.displayName.exactOptional(), metadata: f.metadata.exactOptional() }),
  getStats: z
    .object({
      transportId: f.transportId.exactOptional(),
      producerId: f.producerId.exactOptional(),
      consumerId: f.consumerId.exactOptional(),
    })
    .refine((value) => Object.keys(value).length === 1, {
      message: 'exactly one of transportId, producerId and consumerId',
      path: ['transportId'],
    }),
  moved: z.object({}),
  ping: z.object({}),
  leave: z.object({}),
} as const satisfies Record<string, z.ZodType>;

export type ActionName = keyof typeof clientActions;
export type ActionFields<A extends ActionName> = z.output<(typeof clientActions)[A]>;
/** What a client writes: the same, before defaults and with "one or many" as sent. */
export type ActionInput<A extends ActionName> = z.input<(typeof clientActions)[A]>;

export function isActionName(name: unknown): name is ActionName {
  return typeof name === 'string' && Object.hasOwn(clientActions, name);
}

/** `id` of an action: echoed in its reply or error. */
export const actionId = z.union([z.string().max(64), z.int()]);
export type ActionId = z.infer<typeof actionId>;

/** A frame's greatest size in bytes; a larger one is answered with `badRequest`. */
export const maxFrameBytes = 65_536;
