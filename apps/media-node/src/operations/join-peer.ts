import type { BootId, Entered, NodeId, OperationParams, OperationResults, PeerRecord, Position } from '@sluice/shared';
import { isSluiceError, SluiceError } from '@sluice/shared';
import type { MoveEvent, ReplacingConsumer, RtpCapabilities } from '@sluice/shared/protocol';
import { consumeAgain } from '../viewing/consume.ts';
import { transportParameters } from '../mediasoup/transports.ts';
import { Peer } from '../room/peer.ts';
import type { PeerPlace } from '../room/peer-place.ts';
import { createTransportPair } from '../room/peer-transports.ts';
import { expectMove } from '../moving/move-notice.ts';
import type { Slice } from '../room/slice.ts';
import type { Services } from './services.ts';
import { assertInTime, type Operation } from './table.ts';

type Transports = Pick<OperationResults['joinPeer'], 'producerTransport' | 'consumerTransport'>;

const noTransports: Transports = {};

/**
 * Enters a peer, or takes it over from the boot that had it: its router and, if asked for, its transports are made while
 * the directory takes it in. One that comes from elsewhere gets consumers of what it watched there. A peer of the same
 * id that is here already keeps its media until the directory has let this one replace it.
 */
export const joinPeer: Operation<'joinPeer'> = async (node, params, context) => {
  node.assertAccepting();
  return node.slices.join(params.room, async (slice) => {
    const router = await slice.routerForPeer();
    // What came before may have taken its time.
    assertInTime(node, context);
    if (!node.accepting) throw new SluiceError('noCapacity', 'This node takes no peers at the moment.');
    const peer = new Peer(recordOf(slice, params), router);
    peer.rtpCapabilities = params.rtpCapabilities;
    if (!slice.peers.has(peer.id)) slice.peers.set(peer.id, peer);
    slice.entering.add(peer);
    try {
      const [position, transports] = await Promise.all([
        enter({ slice, peer }, params),
        params.transports ? bothTransports(node, { slice, peer }) : noTransports,
      ]);
      await slice.reach(position);
      peer.assertOpen();
      // Its gateway has given up, and repeats its leave only for some seconds. A move is followed to where it went.
      if (!params.from) assertInTime(node, context);
      const move = params.from && (await settleIn(node, { slice, peer }, params, transports));
      return { ...position, ...capabilitiesFor(peer, params), ...transports, ...(move && { move }) };
    } catch (error) {
      await undo({ slice, peer }, params.from !== undefined, error);
      throw error;
    } finally {
      slice.entering.delete(peer);
    }
  });
};

function recordOf({ owner }: Slice, params: OperationParams<'joinPeer'>): PeerRecord {
  const { peerId, sessionId, gateway, resumeHash, features, name, metadata } = params;
  return {
    ...owner,
    peerId,
    sessionId,
    gateway,
    resumeHash,
    features,
    // The directory says which.
    generation: 0,
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata }),
  };
}

/** The directory has taken the producers of an earlier peer of the id out in the change that entered this one. */
async function enter({ slice, peer }: PeerPlace, params: OperationParams<'joinPeer'>): Promise<Position> {
  const { generation, epoch, seq } = await askDirectory(slice, peer.record, params);
  const earlier = slice.peers.get(peer.id);
  if (earlier && earlier !== peer) slice.discard(earlier);
  peer.assertOpen();
  slice.peers.set(peer.id, peer);
  peer.record = { ...peer.record, generation };
  peer.enter({ epoch, seq });
  return { epoch, seq };
}

function askDirectory(slice: Slice, record: PeerRecord, params: OperationParams<'joinPeer'>): Promise<Entered> {
  const { from, shown } = params;
  if (!from) return slice.enter(record, shown);
  const { node, boot, sessionId } = from;
  return slice.take(record, { node: node as NodeId, boot: boot as BootId, sessionId });
}

async function bothTransports(node: Services, place: PeerPlace): Promise<Transports> {
  const { send, recv } = await createTransportPair(node, place);
  return { producerTransport: transportParameters(send), consumerTransport: transportParameters(recv) };
}

/** Consumes here what it consumed there, and says what its client has to know. */
async function settleIn(
  node: Services,
  { slice, peer }: PeerPlace,
  { from, consumers: carried = [] }: OperationParams<'joinPeer'>,
  transports: Transports,
): Promise<MoveEvent> {
  const { producerTransport, consumerTransport } = transports;
  if (!from || !producerTransport || !consumerTransport) {
    throw new SluiceError('badRequest', 'Who comes from elsewhere needs transports.', {
      details: { path: 'transports' },
    });
  }
  const { reason, deadlineMs } = from;
  const rtpCapabilities = routerCapabilities(peer);
  const given = { rtpCapabilities, producerTransport, consumerTransport };
  const event: MoveEvent = { type: 'move', node: slice.owner.node, reason, deadlineMs, ...given };
  const consumers = consumeAgain({ slice, peer }, peer.receivingTransport(), carried);
  // Of a place that is gone nothing is seen or heard any more: what the peer sends must not wait for what it watches.
  if (deadlineMs === 0) void consumers.then((made) => bring({ slice, peer }, event, made));
  else event.consumers = await consumers;
  expectMove(node, { slice, peer }, event);
  return event;
}

/** Behind the notice, and with it where that is said again. */
function bring({ slice, peer }: PeerPlace, event: MoveEvent, consumers: ReplacingConsumer[]): void {
  event.consumers = consumers;
  if (peer.closed || peer.movedAway) return;
  // A picture is missed more than a sound, and a browser builds one after another.
  for (const { replaces, ...consumer } of consumers.toSorted((a, b) => b.kind.localeCompare(a.kind))) {
    slice.tell(peer, { type: 'consumerAdded', consumer, replaces });
  }
}

function routerCapabilities(peer: Peer): RtpCapabilities {
  return peer.router.router.rtpCapabilities as RtpCapabilities;
}

/** Most of an answer is what the router can do, which the gateway has from the join before. */
function capabilitiesFor(peer: Peer, { knownCapabilities }: OperationParams<'joinPeer'>) {
  const { capabilitiesHash } = peer.router;
  if (knownCapabilities === capabilitiesHash) return { capabilitiesHash };
  return { capabilitiesHash, rtpCapabilities: routerCapabilities(peer) };
}

/**
 * Whether the directory took a new peer or not is not known here: it is told that the peer is gone. One that was moving
 * stays where it was; if this node has it already, the sweep takes it out once its session gives it up.
 */
async function undo({ slice, peer }: PeerPlace, moving: boolean, error: unknown): Promise<void> {
  const wasRefused = isSluiceError(error, 'forbidden') || isSluiceError(error, 'roomFull');
  if (moving || wasRefused || peer.closed) slice.discard(peer);
  else await slice.remove(peer, 'failed').catch(() => undefined);
}
