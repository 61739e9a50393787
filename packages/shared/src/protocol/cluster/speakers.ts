import * as z from 'zod';
import type { BootId, PeerId, RoomId } from '../../base/ids.ts';
import * as f from '../fields.ts';

/** How many of the loudest peers of a room are told. */
const loudestAtMost = 5;

export interface Speaker {
  peerId: PeerId;
  /** dBov, −127 (silence) to 0. */
  volume: number;
}

/**
 * Node → gateway, one way: the loudest of the node's own peers in a room now, for all of the gateway's peers there.
 * Told when it changes, and again now and then.
 */
export const speakersNotice = z.object({
  room: f.roomId,
  boot: z.string().min(1).max(32),
  speakers: z.array(z.object({ peerId: f.peerId, volume: z.number() })).max(16),
});
export interface SpeakersNotice {
  room: RoomId;
  boot: BootId;
  speakers: readonly Speaker[];
}

/** The loudest of several lists, each peer once. */
export function loudestOf(lists: Iterable<readonly Speaker[]>): readonly Speaker[] {
  const byPeer = new Map<PeerId, Speaker>();
  for (const list of lists) {
    for (const speaker of list) {
      const known = byPeer.get(speaker.peerId);
      if (!known || known.volume < speaker.volume) byPeer.set(speaker.peerId, speaker);
    }
  }
  return [...byPeer.values()].sort((a, b) => b.volume - a.volume).slice(0, loudestAtMost);
}

/** Whether the same peers speak, and the same one is the loudest: volumes change all the time and say nothing new. */
export function sameSpeakers(one: readonly Speaker[], other: readonly Speaker[]): boolean {
  return one.length === other.length && keyOf(one) === keyOf(other);
}

const keyOf = ([first, ...rest]: readonly Speaker[]): string =>
  [first?.peerId ?? '', ...rest.map(({ peerId }) => peerId).sort()].join('\n');
