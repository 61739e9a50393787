import { channels, createMemoryHub } from '@sluice/shared';
import { ManualClock, ownerNamed, peerRecord, settle } from '@sluice/shared/testing';
import { describe, expect, it, vi } from 'vitest';
import { enter, names, owner, plenty, room, say, seqs, world } from './room-feed-world.ts';

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

describe('a directory that was away', () => {
  it('[CL36] may have other writes under the same numbers: what it has is taken in, what it lacks has time to come back', async () => {
    const { writer, read } = world();
    const reader = await read();
    await enter(writer, 'ada');
    const truth = await enter(writer, 'eve');
    const [ada, bob] = [peerRecord('ada', owner, { generation: 1 }), peerRecord('bob', owner)];
    reader.feed.seed({ ...truth, peers: [ada, bob] });
    await reader.feed.catchUp();
    expect(names(reader)).toEqual(['ada', 'bob']);
    reader.feed.recheck();
    await reader.feed.catchUp();
    expect(names(reader)).toEqual(['ada', 'bob', 'eve']);
    expect(reader.losses).toBe(1);
    reader.now += 8000;
    await reader.feed.catchUp();
    expect(names(reader)).toEqual(['ada', 'eve']);
    expect(reader.heard.map(({ event: { type } }) => type)).toEqual(['peerJoined', 'peerLeft']);
  });

  it('[CL36] and what is said while it is read is heard, once and in order', async () => {
    const { writer, read } = world();
    const reader = await read();
    reader.feed.seed(await enter(writer, 'ada'));
    reader.bus.set({ lost: 1 });
    await say(writer, 'one');
    reader.feed.recheck();
    const snapshot = reader.directory.snapshot.bind(reader.directory);
    vi.spyOn(reader.directory, 'snapshot').mockImplementationOnce(async (id) => {
      await say(writer, 'two');
      const answer = await snapshot(id);
      await say(writer, 'three');
      return answer;
    });
    await reader.feed.catchUp();
    const heard = reader.heard.map(({ event }) => event.type === 'message' && event.payload);
    expect(heard).toEqual(['one', 'two', 'three']);
    expect([reader.losses, names(reader)]).toEqual([0, ['ada']]);
  });

  it('[CL36] and has lost the last numbers goes on after those that were heard', async () => {
    const { writer, read } = world();
    const reader = await read();
    const { epoch, seq, ...truth } = await enter(writer, 'ada');
    // Two numbers further than the directory is now.
    reader.feed.seed({ ...truth, epoch, seq: seq + 2 });
    reader.feed.recheck();
    await reader.feed.catchUp();
    expect(reader.feed.position).toEqual({ epoch, seq: seq + 2 });
    const message = { type: 'message', from: peerRecord('ada', owner).peerId, payload: 'next' } as const;
    await writer.commit(room, owner, [message], { heard: reader.feed.position });
    await settle();
    expect(seqs(reader)).toEqual([seq + 3]);
  });

  it('[CL36] and has lost nothing is read once, without a word', async () => {
    const { writer, read } = world();
    const reader = await read();
    reader.feed.seed(await enter(writer, 'ada'));
    reader.feed.recheck();
    await reader.feed.catchUp();
    await reader.feed.catchUp();
    expect([names(reader), reader.heard, reader.losses]).toEqual([['ada'], [], 0]);
    expect(reader.repairs).toEqual(['resync']);
  });
});
