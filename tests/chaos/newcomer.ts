import { Connection } from '@sluice/client';
import { eventually } from '@sluice/shared/testing';
import type { DirectoryReader } from './audit/directory-room.ts';
import type { Stage } from './stage.ts';

/** How many producers each peer of a room should have, by peer id. */
export type Expected = ReadonlyMap<string, number>;
/** A word for each producer of a peer, by peer id. */
type Found = ReadonlyMap<string, readonly string[]>;

const nothing: string[] = [];

function compare(expected: Expected, found: Found): string[] {
  const wrong: string[] = [];
  for (const [peerId, producers] of expected) {
    const there = found.get(peerId);
    if (there === undefined) wrong.push(`${peerId} is not there`);
    else if (there.length !== producers) {
      wrong.push(`${peerId} has ${there.length} producers, not ${producers}: ${there.join(', ')}`);
    }
  }
  for (const peerId of found.keys()) if (!expected.has(peerId)) wrong.push(`${peerId} is there`);
  return wrong;
}

/** The faults of a room's records in Redis. */
export async function wrongInRedis(directory: DirectoryReader, room: string, expected: Expected): Promise<string[]> {
  const { peers, producers, slices, epoch } = await directory.read(room);
  if (epoch === 0) return ['Redis does not have the room'];
  const unclaimed = peers.filter(({ node, boot }) => slices.get(node) !== boot);
  if (unclaimed.length > 0) return unclaimed.map(({ node }) => `Redis has no claim of ${node}`);
  const wordsOf = (id: string): string[] =>
    producers
      .filter(({ peerId }) => peerId === id)
      .map(({ kind, producerId, router, replaces = 'none' }) => `${kind} ${producerId} on ${router} for ${replaces}`);
  return compare(expected, new Map(peers.map(({ peerId }) => [peerId, wordsOf(peerId)])));
}

/** The faults of the answer to a join through a gateway that follows no room, and has to read it from Redis. */
export async function wrongForNewcomer(stage: Stage, room: string, expected: Expected): Promise<string[]> {
  const connection = await Connection.open(`ws://127.0.0.1:${stage.observer.up.port}/ws`);
  try {
    const { peers } = await connection.request('join', { room });
    await connection.request('leave', {});
    return compare(
      expected,
      new Map(peers.map(({ peerId, producers }) => [peerId, producers.map(({ kind }) => kind)])),
    );
  } finally {
    connection.close();
  }
}

/** Resolves to how long it took until no fault was found, in ms; rejects with the faults. */
export async function untilRight(look: () => Promise<string[]>, withinMs: number): Promise<number> {
  const began = performance.now();
  let wrong = nothing;
  const right = async (): Promise<boolean> => {
    wrong = await look();
    return wrong.length === 0;
  };
  await eventually('the room to be whole', right, { withinMs, everyMs: 50 }).catch((error: unknown) => {
    throw wrong.length === 0 ? error : new Error(`${wrong.join(', ')}.`);
  });
  return performance.now() - began;
}
