import type { PeerId, Position } from '@sluice/shared';
import type { PeerInfo, SnapshotEvent } from '@sluice/shared/protocol';

/** What the members of a room are sent, encoded once for all of them as far as it is the same. */
export interface Frame {
  /** The text for this member; undefined where the frame is not for it. */
  textFor(peerId: PeerId): string | undefined;
  /** Whether the text is the same for all. */
  readonly isCommon: boolean;
  /** How much work it is to send it to one member, in small frames. */
  readonly weight: number;
}

export const commonFrame = (text: string): Frame => ({ textFor: () => text, isCommon: true, weight: 1 });

export function frameTo(text: string, peerIds: readonly PeerId[]): Frame {
  const to = new Set(peerIds);
  return { textFor: (peerId) => (to.has(peerId) ? text : undefined), isCommon: false, weight: 1 };
}

/** So many peers in a snapshot are as much work as one small frame. */
const peersAFrame = 4;

/** The room as it is: each peer is encoded once, and left out of its own snapshot. */
export function snapshotFrame(room: string, { epoch, seq }: Position, peers: readonly PeerInfo[]): Frame {
  const empty: SnapshotEvent = { type: 'snapshot', room, epoch, seq, peers: [] };
  const head = JSON.stringify(empty).slice(0, -']}'.length);
  const encoded = peers.map((peer) => ({ peerId: peer.peerId, text: JSON.stringify(peer) }));
  return {
    textFor: (self) => `${head}${encoded.flatMap(({ peerId, text }) => (peerId === self ? [] : [text])).join(',')}]}`,
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
    const texts = this.#frames.map((frame) => frame.textFor(peerId)).filter((text) => text !== undefined);
    if (this.#frames.every(({ isCommon }) => isCommon)) this.#common = texts;
    return texts;
  }
}
