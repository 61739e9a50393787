import type { CallContext, NodeOperationName, OperationParams, OperationResults, RoomId } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import { reattach } from '../moving/resume-window.ts';
import type { Peer } from '../room/peer.ts';
import type { PeerPlace } from '../room/peer-place.ts';
import type { Services } from './services.ts';

export type Operation<O extends NodeOperationName> = (
  node: Services,
  params: OperationParams<O>,
  context: CallContext,
) => Promise<OperationResults[O]>;

type PeerParams = { room: RoomId; peerId: Peer['id']; sessionId: Peer['sessionId'] };

/** @throws peerNotFound; an older session of the same peer is not found either: its word counts no more. */
export function findPeer(node: Services, { room, peerId, sessionId }: PeerParams): PeerPlace {
  const place = node.slices.find(room, peerId, sessionId);
  if (!place) throw new SluiceError('peerNotFound', 'This peer is not here.');
  return place;
}

type Run<O extends NodeOperationName> = (
  place: PeerPlace,
  params: OperationParams<O> & PeerParams,
  node: Services,
) => Promise<OperationResults[O]>;

type PeerOperation<O extends NodeOperationName> = (
  node: Services,
  params: OperationParams<O> & PeerParams,
  context: CallContext,
) => Promise<OperationResults[O]>;

/** An operation on one peer: in the peer's mailbox, and not at all after its deadline. */
export function onPeer<O extends NodeOperationName>(run: Run<O>): PeerOperation<O> {
  return (node, params, context) => {
    const place = findPeer(node, params);
    // Its gateway was taken for lost, and is not: it speaks for the peer.
    if (place.peer.detachCause === 'gateway') reattach(place);
    return place.peer.mailbox.run(() => {
      assertInTime(node, context);
      place.peer.assertOpen();
      return run(place, params, node);
    });
  };
}

/** An operation that ends something: never refused by a full mailbox, and done however late its turn comes. */
export function onLeavingPeer<O extends NodeOperationName>(run: Run<O>): PeerOperation<O> {
  return (node, params) => {
    const place = findPeer(node, params);
    return place.peer.mailbox.runAlways(() => {
      place.peer.assertOpen();
      return run(place, params, node);
    });
  };
}

/** @throws deadlineExceeded when the caller has given up. */
export function assertInTime({ clock }: Services, { deadline }: CallContext): void {
  if (clock.now() > deadline) throw new SluiceError('deadlineExceeded', 'It came too late.');
}

export const nothing = {} as Record<string, never>;
