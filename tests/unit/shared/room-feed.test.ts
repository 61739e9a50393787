import type { Directory, MemoryHub, Position, RoomEvent } from '@sluice/shared';
import {
  channels,
  createMemoryBus,
  createMemoryDirectory,
  createMemoryHub,
  RoomFeed,
  silentLogger,
} from '@sluice/shared';
import {
  chosenSeed,
  FaultyBus,
  ManualClock,
  ownerNamed,
  peerRecord,
  roomNamed,
  seeded,
  settle,
} from '@sluice/shared/testing';
import { describe, expect, it } from 'vitest';

const room = roomNamed('r');
const owner = ownerNamed('n');
const plenty = { maxPeers: 1000 };

interface Reader {
  feed: RoomFeed;
  bus: FaultyBus;
  heard: { event: RoomEvent; position: Position }[];
  repairs: string[];
  garbage: number;
  /** How often it was told that the directory has lost the room. */
  losses: number;
  /** Its clock, in ms. */
  now: number;
}

interface World {
  hub: MemoryHub;
  writer: Directory;
  read(options?: { seed?: number; settling?: () => boolean }): Promise<Reader>;
}

/** A writer, and readers on buses of their own. Few events are kept, so that one can be too far behind. */
function world(keptEvents = 8, hub = createMemoryHub()): World {
  const directoryOn = (bus: FaultyBus) => createMemoryDirectory({ hub, bus, limits: { keptEvents } });
  const faulty = (seed: number) => new FaultyBus(createMemoryBus(hub), { seed });
  return {
    hub,
    writer: directoryOn(faulty(0)),
    async read({ seed = 1, settling } = {}) {
      const bus = faulty(seed);
      const feed = new RoomFeed({
        room,
        directory: directoryOn(bus),
        log: silentLogger,
        onEvent: (event, position) => void reader.heard.push({ event, position }),
        onRepair: (kind) => void reader.repairs.push(kind),
        onGarbage: () => void reader.garbage++,
        onLost: () => void reader.losses++,
        now: () => reader.now,
        ...(settling && { settling }),
      });
      const reader: Reader = { feed, bus, heard: [], repairs: [], garbage: 0, losses: 0, now: 0 };
      await feed.subscribe();
      return reader;
    },
  };
}

const enter = (writer: Directory, name: string) => writer.enter(room, peerRecord(name, owner), plenty);

const say = (writer: Directory, text: string) =>
  writer.commit(room, owner, [{ type: 'message', from: peerRecord('ada', owner).peerId, payload: text }]);

const seqs = ({ heard }: Reader) => heard.map(({ position }) => position.seq);
const consecutive = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const names = ({ feed }: Reader) => [...feed.view.peers.keys()].sort();

describe('following', () => {
  it('[CL32] what came before the first picture is held, and applied after it once', async () => {
    const { writer, read } = world();
    const reader = await read();
    const snapshot = await enter(writer, 'ada');
    await enter(writer, 'bob');
    await settle();
    expect(reader.heard).toEqual([]);
    reader.feed.seed(snapshot);
    expect(seqs(reader)).toEqual([2]);
    expect(names(reader)).toEqual(['ada', 'bob']);
    reader.feed.seed(snapshot);
    expect(names(reader)).toEqual(['ada', 'bob']);
  });

  it('[CL32] more than can be held: the rest is read from the stream', async () => {
    const { writer, read } = world(1000);
    const reader = await read();
    const snapshot = await enter(writer, 'ada');
    for (let index = 0; index < 400; index++) await say(writer, `${index}`);
    await settle();
    reader.feed.seed(snapshot);
    await settle();
    expect(seqs(reader)).toEqual(consecutive(2, 401));
    expect(reader.repairs).toEqual(['gap']);
  });

  it('[CL32] everything doubled is heard once', async () => {
    const { writer, read } = world();
    const reader = await read();
    reader.bus.set({ doubled: 1 });
    reader.feed.seed(await enter(writer, 'ada'));
    for (const text of ['one', 'two', 'three']) await say(writer, text);
    await settle();
    expect(seqs(reader)).toEqual([2, 3, 4]);
    expect(reader.repairs).toEqual([]);
  });

  it('[CL32] a closed feed hears nothing more', async () => {
    const { writer, read } = world();
    const reader = await read();
    reader.feed.seed(await enter(writer, 'ada'));
    await reader.feed.close();
    await say(writer, 'hello');
    await settle();
    expect(reader.heard).toEqual([]);
  });
});

describe('gaps', () => {
  it('[CL33] a gap is filled from the stream when the next message shows it, in order', async () => {
    const { writer, read } = world();
    const reader = await read();
    reader.feed.seed(await enter(writer, 'ada'));
    await settle();
    reader.bus.set({ lost: 1 });
    await say(writer, 'lost');
    await say(writer, 'lost too');
    await settle();
    reader.bus.set({ lost: 0 });
    await say(writer, 'heard');
    await settle();
    expect(seqs(reader)).toEqual([2, 3, 4]);
    expect(reader.repairs).toEqual(['gap']);
  });

  it('[CL33] a gap that nothing follows is found by asking', async () => {
    const { writer, read } = world();
    const reader = await read();
    reader.feed.seed(await enter(writer, 'ada'));
    await settle();
    reader.bus.set({ lost: 1 });
    await enter(writer, 'bob');
    await settle();
    await reader.feed.catchUp();
    expect(names(reader)).toEqual(['ada', 'bob']);
  });

  it('[CL33] too far behind: a new picture, told as its differences, with the number that it has', async () => {
    const { writer, read } = world(4);
    const reader = await read();
    reader.feed.seed(await enter(writer, 'ada'));
    await settle();
    reader.bus.set({ lost: 1 });
    for (const name of ['bob', 'eve', 'dan', 'kim', 'lea']) await enter(writer, name);
    await writer.commit(room, owner, [
      { type: 'removePeer', peerId: peerRecord('bob', owner).peerId, reason: 'left', producerIds: [] },
    ]);
    await settle();
    await reader.feed.catchUp();
    expect(reader.repairs).toEqual(['resync']);
    expect(names(reader)).toEqual(['ada', 'dan', 'eve', 'kim', 'lea']);
    expect(reader.heard.map(({ event: { type } }) => type)).toEqual(Array.from({ length: 4 }, () => 'peerJoined'));
    expect(new Set(seqs(reader))).toEqual(new Set([7]));
  });

  it('[CL33] a feed that cannot read what it missed stays where it is, and can be asked again', async () => {
    const { hub, writer, read } = world();
    const reader = await read();
    reader.feed.seed(await enter(writer, 'ada'));
    reader.bus.set({ lost: 1 });
    await enter(writer, 'bob');
    await settle();
    hub.setAway(true);
    await expect(reader.feed.catchUp()).rejects.toMatchObject({ code: 'coordinatorUnavailable' });
    expect(names(reader)).toEqual(['ada']);
    hub.setAway(false);
    await reader.feed.catchUp();
    expect(names(reader)).toEqual(['ada', 'bob']);
  });

  it('[CL33] lost, doubled and late at random: every event once and in order', async () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    const { writer, read } = world(10_000);
    const reader = await read({ seed });
    reader.bus.set({ lost: 0.3, doubled: 0.3, lateMs: [0, 3], reorder: true });
    reader.feed.seed(await enter(writer, 'ada'));
    for (let index = 0; index < 500; index++) {
      await say(writer, `${index}`);
      if (random.chance(0.1)) await settle();
    }
    reader.bus.set({ lost: 0, doubled: 0, lateMs: [0, 0] });
    await reader.feed.catchUp();
    expect(seqs(reader), `seed ${seed}`).toEqual(consecutive(2, 501));
  });
});

describe('lives of a room', () => {
  it('[CL34] a room that was born again is taken anew', async () => {
    const clock = new ManualClock();
    const { writer, read } = world(8, createMemoryHub({ clock }));
    const reader = await read();
    const first = await enter(writer, 'ada');
    reader.feed.seed(first);
    await writer.release(room, owner);
    await clock.advance(60_000);
    const next = await writer.enter(room, peerRecord('bob', ownerNamed('m')), plenty);
    await settle();
    expect(next.epoch).toBeGreaterThan(first.epoch);
    expect(reader.feed.position).toEqual({ epoch: next.epoch, seq: next.seq });
    reader.now += 8000;
    await reader.feed.catchUp();
    expect(names(reader)).toEqual(['bob']);
    expect(reader.heard.map(({ event: { type } }) => type)).toEqual(['peerJoined', 'peerLeft']);
  });

  it('[CL34] what comes late from an earlier life is not heard', async () => {
    const { hub, writer, read } = world();
    const reader = await read();
    reader.feed.seed(await enter(writer, 'ada'));
    const late = JSON.stringify({ epoch: 1, seq: 2, events: [{ type: 'message', from: 'ada', payload: 'old life' }] });
    hub.publish(channels.room(room), late);
    await settle();
    expect(reader.heard).toEqual([]);
    expect(reader.garbage).toBe(0);
  });

  it('[CL34] while owners still tell a directory that has forgotten, nobody is taken for gone', async () => {
    let settling = true;
    const first = world();
    const reader = await first.read({ settling: () => settling });
    const snapshot = await enter(first.writer, 'ada');
    // A picture of an earlier life, of which the directory knows nothing.
    const forgotten = [peerRecord('bob', owner), ...snapshot.peers];
    reader.feed.seed({ ...snapshot, epoch: snapshot.epoch - 5, peers: forgotten });
    await reader.feed.catchUp();
    expect(names(reader)).toEqual(['ada', 'bob']);
    expect(reader.heard).toEqual([]);
    settling = false;
    reader.now += 8000;
    await reader.feed.catchUp();
    expect(names(reader)).toEqual(['ada']);
    expect(reader.heard.map(({ event: { type } }) => type)).toEqual(['peerLeft']);
  });
});

describe('a lost room', () => {
  it('[DI28] its readers say so once, and take nobody for gone', async () => {
    const { read } = world();
    const reader = await read();
    reader.feed.seed({ room, epoch: 7, seq: 3, peers: [peerRecord('ada', owner)], producers: [] });
    await reader.feed.catchUp();
    await reader.feed.catchUp();
    expect(reader.losses).toBe(1);
    expect(names(reader)).toEqual(['ada']);
    expect(reader.heard).toEqual([]);
  });

  it('[DI28] whoever its owners write again was never away, and whoever they do not is gone in the end', async () => {
    const { writer, read } = world();
    const reader = await read();
    const [ada, bob] = [peerRecord('ada', owner), peerRecord('bob', owner)];
    reader.feed.seed({ room, epoch: 7, seq: 3, peers: [ada, bob], producers: [] });
    await reader.feed.catchUp();
    await writer.commit(room, owner, [{ type: 'restorePeer', peer: ada }], { atLeastEpoch: 7 });
    await settle();
    await reader.feed.catchUp();
    expect([names(reader), reader.heard]).toEqual([['ada', 'bob'], []]);
    reader.now += 8000;
    await reader.feed.catchUp();
    expect(names(reader)).toEqual(['ada']);
    expect(reader.heard.map(({ event: { type } }) => type)).toEqual(['peerLeft']);
  });

  it('[DI28] what is said in its next life is heard from the first word on', async () => {
    const { writer, read } = world();
    const reader = await read();
    reader.feed.seed({ room, epoch: 7, seq: 3, peers: [peerRecord('ada', owner)], producers: [] });
    reader.bus.set({ lost: 1 });
    await writer.commit(room, owner, [{ type: 'restorePeer', peer: peerRecord('ada', owner) }], { atLeastEpoch: 7 });
    await say(writer, 'one');
    await say(writer, 'two');
    await reader.feed.catchUp();
    expect(reader.heard.map(({ event }) => event.type === 'message' && event.payload)).toEqual(['one', 'two']);
  });

  it('[DI28] a newcomer who gives birth to it anew throws nobody out', async () => {
    const { writer, read } = world();
    const reader = await read();
    reader.feed.seed({ room, epoch: 7, seq: 3, peers: [peerRecord('ada', owner)], producers: [] });
    await enter(writer, 'bob');
    await settle();
    await reader.feed.catchUp();
    expect(reader.losses).toBe(1);
    expect(names(reader)).toEqual(['ada', 'bob']);
    expect(reader.heard.map(({ event: { type } }) => type)).toEqual(['peerJoined']);
  });
});

describe('garbage', () => {
  const garbage: [string, string][] = [
    ['random bytes', '\u0001\ufffd}'],
    ['a megabyte', 'x'.repeat(1_000_000)],
    ['no batch', '{"seq":2}'],
    ['a prototype', '{"__proto__":{"epoch":1,"seq":2,"events":[{"type":"x"}]}}'],
    ['numbers that are none', '{"epoch":"1","seq":2,"events":[{"type":"x"}]}'],
    ['a batch of nothing', '{"epoch":1,"seq":2,"events":[]}'],
    ['numbers below zero', '{"epoch":-1,"seq":0,"events":[{"type":"x"}]}'],
  ];

  it.each(garbage)("[NO7] %s on a room's channel is counted, and the feed goes on", async (_what, text) => {
    const { hub, writer, read } = world();
    const reader = await read();
    reader.feed.seed(await enter(writer, 'ada'));
    hub.publish(channels.room(room), text);
    await say(writer, 'hello');
    await settle();
    expect(reader.garbage).toBe(1);
    expect(seqs(reader)).toEqual([2]);
  });

  it('[NO7] a forged number sends the feed to the stream, which knows of nothing', async () => {
    const { hub, writer, read } = world();
    const reader = await read();
    const { epoch } = await enter(writer, 'ada');
    reader.feed.seed({ room, epoch, seq: 1, peers: [], producers: [] });
    for (const forged of [
      { epoch, seq: 99 },
      { epoch: epoch + 1, seq: 1 },
    ]) {
      hub.publish(
        channels.room(room),
        JSON.stringify({ ...forged, events: [{ type: 'roomClosed', reason: 'forged' }] }),
      );
      await settle();
    }
    expect(reader.heard).toEqual([]);
    expect(reader.feed.position).toEqual({ epoch, seq: 1 });
  });
});
