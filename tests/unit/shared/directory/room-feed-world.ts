import type { Directory, MemoryHub, Position, RoomEvent, RoomSnapshot } from '@sluice/shared';
import { createMemoryBus, createMemoryDirectory, createMemoryHub, RoomFeed, silentLogger } from '@sluice/shared';
import { FaultyBus, ownerNamed, peerRecord, roomNamed } from '@sluice/shared/testing';

export const room = roomNamed('r');
export const owner = ownerNamed('n');
export const plenty = { maxPeers: 1000 };

export interface Reader {
  feed: RoomFeed;
  directory: Directory;
  bus: FaultyBus;
  heard: { event: RoomEvent; position: Position }[];
  repairs: string[];
  garbage: number;
  /** How often it was told that the directory has lost the room. */
  losses: number;
  /** Its clock, in ms. */
  now: number;
}

export interface World {
  hub: MemoryHub;
  writer: Directory;
  read(options?: { seed?: number; settling?: () => boolean }): Promise<Reader>;
}

/** A writer, and readers on buses of their own. Few events are kept, so that one can be too far behind. */
export function world(keptEvents = 8, hub = createMemoryHub()): World {
  const directoryOn = (bus: FaultyBus) => createMemoryDirectory({ hub, bus, limits: { keptEvents } });
  const faulty = (seed: number) => new FaultyBus(createMemoryBus(hub), { seed });
  return {
    hub,
    writer: directoryOn(faulty(0)),
    async read({ seed = 1, settling } = {}) {
      const bus = faulty(seed);
      const directory = directoryOn(bus);
      const feed = new RoomFeed({
        room,
        directory,
        log: silentLogger,
        onEvent: (event, position) => void reader.heard.push({ event, position }),
        onRepair: (kind) => void reader.repairs.push(kind),
        onGarbage: () => void reader.garbage++,
        onLost: () => void reader.losses++,
        now: () => reader.now,
        ...(settling && { settling }),
      });
      const reader: Reader = { feed, directory, bus, heard: [], repairs: [], garbage: 0, losses: 0, now: 0 };
      await feed.subscribe();
      return reader;
    },
  };
}

/** Enters, and returns the room as it is then. */
export async function enter(writer: Directory, name: string): Promise<RoomSnapshot> {
  await writer.enter(room, peerRecord(name, owner), plenty);
  const snapshot = await writer.snapshot(room);
  if (!snapshot) throw new Error('The room is gone.');
  return snapshot;
}

export const say = (writer: Directory, text: string) =>
  writer.commit(room, owner, [{ type: 'message', from: peerRecord('ada', owner).peerId, payload: text }]);

export const seqs = ({ heard }: Reader) => heard.map(({ position }) => position.seq);
export const consecutive = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
export const names = ({ feed }: Reader) => [...feed.view.peers.keys()].sort();
