import { channels } from '@sluice/shared';
import { chosenSeed, peerRecord, seeded, settle } from '@sluice/shared/testing';
import { describe, expect, it, vi } from 'vitest';
import { consecutive, enter, names, owner, room, say, seqs, world } from './room-feed-world.ts';

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
      { type: 'removePeer', ...peerRecord('bob', owner), reason: 'left', producerIds: [] },
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

describe('a feed that reads the room by itself', () => {
  it('[DI55] reads it once, however many ask, and is at the position that it has to reach', async () => {
    const { writer, read } = world();
    const reader = await read();
    const reads = vi.spyOn(reader.directory, 'snapshot');
    const { epoch } = await enter(writer, 'ada');
    await settle();
    reader.bus.set({ lost: 1 });
    const { seq } = await enter(writer, 'bob');
    await Promise.all(Array.from({ length: 20 }, () => reader.feed.load()));
    await Promise.all(Array.from({ length: 20 }, () => reader.feed.reach({ epoch, seq })));
    expect(reads).toHaveBeenCalledTimes(1);
    expect(names(reader)).toEqual(['ada', 'bob']);
    expect(reader.heard).toEqual([]);
  });

  it('[DI55] needs no read of a room whose first event it has heard', async () => {
    const { writer, read } = world();
    const reader = await read();
    await reader.feed.load();
    const reads = vi.spyOn(reader.directory, 'snapshot');
    const { epoch, seq } = await enter(writer, 'ada');
    await settle();
    await reader.feed.reach({ epoch, seq });
    expect(reads).not.toHaveBeenCalled();
    expect(names(reader)).toEqual(['ada']);
  });

  it('[DI55] a read that was begun before the room was born is made again', async () => {
    const { writer, read } = world();
    const reader = await read();
    reader.bus.set({ lost: 1 });
    const loading = reader.feed.load();
    const { epoch, seq } = await enter(writer, 'ada');
    await Promise.all([loading, reader.feed.reach({ epoch, seq })]);
    expect(names(reader)).toEqual(['ada']);
  });

  it('[DI55] what cannot be reached is said so', async () => {
    const { writer, read } = world();
    const reader = await read();
    const { epoch, seq } = await enter(writer, 'ada');
    await expect(reader.feed.reach({ epoch, seq: seq + 1 })).rejects.toMatchObject({ code: 'coordinatorUnavailable' });
  });

  it('[DI56] records that were lost without an event are kept for their owners, and then taken for gone', async () => {
    const { writer, read } = world();
    const reader = await read();
    const { epoch, seq } = await enter(writer, 'ada');
    const lost = [peerRecord('ada', owner), peerRecord('bob', owner)];
    reader.feed.seed({ room, epoch, seq, peers: lost, producers: [] });
    reader.feed.doubt();
    reader.feed.doubt();
    expect(reader.losses).toBe(2);
    await reader.feed.catchUp();
    expect(names(reader)).toEqual(['ada', 'bob']);
    reader.now += 8000;
    await reader.feed.catchUp();
    expect(names(reader)).toEqual(['ada']);
    expect(reader.heard.map(({ event: { type } }) => type)).toEqual(['peerLeft']);
  });

  it('[DI34] events that lack what their type has are dropped whole, and the feed reads on', async () => {
    const { hub, writer, read } = world();
    const reader = await read();
    reader.feed.seed(await enter(writer, 'ada'));
    await settle();
    const { epoch, seq } = reader.feed.position!;
    for (const event of [
      { type: 'peerJoined' },
      { type: 'peerUpdated', peer: { peerId: 'ada' } },
      { type: 'producerAdded', producer: null },
      { type: 'producerPaused' },
      { type: 'message', payload: 1 },
      'text',
      null,
    ]) {
      hub.publish(channels.room(room), JSON.stringify({ epoch, seq: seq + 1, events: [event] }));
    }
    await settle();
    expect(reader.garbage).toBe(7);
    await enter(writer, 'bob');
    await settle();
    expect(names(reader)).toEqual(['ada', 'bob']);
  });
});
