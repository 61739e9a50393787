import type { PeerId, Position } from '@sluice/shared';
import type { PeerInfo, SnapshotEvent } from '@sluice/shared/protocol';

/** What the members of a room are sent, encoded once for all of them as far as it is the same. */
export interface Frame {
  /** The texts for this member, in order: none where nothing of it is for that one, seldom more than one. */
  textsFor(peerId: PeerId): readonly string[];
  /** Whether the text is the same for all. */
  readonly isCommon: boolean;
  /** How much work it is to send it to one member, in small frames. */
  readonly weight: number;
}

const none: readonly string[] = [];

export function commonFrame(text: string): Frame {
  const texts = [text];
  return { textsFor: () => texts, isCommon: true, weight: 1 };
}

export function frameTo(text: string, peerIds: readonly PeerId[]): Frame {
  const texts = [text];
  return framesFor(new Map(peerIds.map((peerId) => [peerId, texts])));
}

/** To each member something of its own. */
export function framesFor(texts: ReadonlyMap<PeerId, readonly string[]>): Frame {
  return { textsFor: (peerId) => texts.get(peerId) ?? none, isCommon: false, weight: 1 };
}

/** So many peers in a snapshot are as much work as one small frame. */
const peersAFrame = 4;

/** The room as it is: each peer is encoded once, and left out of its own snapshot. */
export function snapshotFrame(room: string, { epoch, seq }: Position, peers: readonly PeerInfo[]): Frame {
  const empty: SnapshotEvent = { type: 'snapshot', room, epoch, seq, peers: [] };
  const head = JSON.stringify(empty).slice(0, -']}'.length);
  const encoded = peers.map((peer) => ({ peerId: peer.peerId, text: JSON.stringify(peer) }));
  return {
    textsFor: (self) => [
      `${head}${encoded.flatMap(({ peerId, text }) => (peerId === self ? [] : [text])).join(',')}]}`,
    ],
    isCommon: false,
    weight: 1 + peers.length / peersAFrame,
  };
}

/** Frames that are sent together: those that are common to all members are collected once. */
export class FrameBatch {
  readonly #frames: readonly Frame[];
  readonly weight: number;
  #common: string[] | undefined;

  constructor(frames: readonly Frame[]) {
    this.#frames = frames;
    this.weight = frames.reduce((sum, frame) => sum + frame.weight, 0);
  }

  textsFor(peerId: PeerId): readonly string[] {
    if (this.#common) return this.#common;
    const texts = this.#frames.flatMap((frame) => frame.textsFor(peerId));
    if (this.#frames.every(({ isCommon }) => isCommon)) this.#common = texts;
    return texts;
  }
}
