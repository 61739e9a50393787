import { LocalCluster } from '@sluice/local';
import type { ProducerId, RoomId } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import type { types } from 'mediasoup';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { NativePublisher } from '../../../bench/native/publisher.ts';
import { valueOf } from '../../../support/raw/exchange.ts';
import { NativeWatcher } from '../../../support/native/native-watcher.ts';
import { RawPeer } from '../../../support/raw/raw-peer.ts';
import { cutUdp } from '../../../support/network/udp-cut.ts';
import { newRoom } from '../../../support/clusters/use-stage.ts';
import { workerUdpPorts } from '../../../support/network/udp-ports.ts';

type Node = LocalCluster['nodes'][number];

/** Seldom enough for the gateway's limit on questions. */
const soon = { withinMs: 10_000, everyMs: 50 };
/** The target for a cut between two nodes, and what a machine that does other things at the same time may add. */
const backWithinMs = 5000;

const pipeAddress = (index: number) => `127.0.1.${index + 1}`;

let cluster: LocalCluster;
let nodes: [Node, Node, Node];
let idlePorts: string;

beforeAll(async () => {
  cluster = await LocalCluster.start({
    nodes: 3,
    gateways: 1,
    workers: 1,
    port: 0,
    host: '127.0.0.1',
    settings: { PIPE_IDLE_MS: '200', EMPTY_SLICE_MS: '100' },
    nodeSettings: (index) => ({ PIPE_LISTEN_IP: pipeAddress(index) }),
  });
  nodes = cluster.nodes as [Node, Node, Node];
  idlePorts = String(await workerUdpPorts([process.pid]));
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const node of nodes) for (const { endpoint } of nodes) node.pipeWatch.ways.forget(endpoint.inbox);
  await eventually('all slices to be gone', () => nodes.every(({ slices }) => slices.size === 0), soon);
  await eventually(
    'all pipe ports to be free',
    async () => String(await workerUdpPorts([process.pid])) === idlePorts,
    soon,
  );
});

afterAll(() => cluster?.stop());

const placeOf = (index: number) => ({ url: cluster.url, node: nodes[index]!.owner.node });

const sliceOf = (index: number, room: string) => nodes[index]!.slices.get(room as RoomId);

const linksOf = (index: number, room: string) =>
  [...(sliceOf(index, room)?.links.ends ?? [])].filter(({ scope }) => scope === 'node');

const carriagesOf = (index: number, room: string) => [...(sliceOf(index, room)?.pipes.carriages ?? [])];

const repairs = (index: number, labels: Record<string, string>) =>
  valueOf(nodes[index]!.metricsRegistry, 'sfu_pipe_repairs_total', labels);

/** Sends video to a room, every packet a key frame, until it is disposed of. */
async function publish(index: number, room: string) {
  const url = `${cluster.url.replace('http', 'ws')}/ws`;
  const publisher = await NativePublisher.start({
    url,
    room,
    place: placeOf(index),
    packetBytes: 200,
    keyFrameEvery: 1,
  });
  const sending = publisher.volley(Number.POSITIVE_INFINITY, 100);
  const own = [...(sliceOf(index, room)?.producers ?? [])].at(-1);
  return {
    producerId: own!.record.producerId,
    async [Symbol.asyncDispose]() {
      publisher.close();
      await sending;
    },
  };
}

async function watch(index: number, room: string, producerId: ProducerId) {
  const watcher = await NativeWatcher.start(placeOf(index), room, [producerId]);
  await eventually('the first packets', async () => (await watcher.packets()) > 20, soon);
  return watcher;
}

/** How long it takes, in ms, until packets come by a consumer that was not there before. */
async function untilBack(watcher: NativeWatcher): Promise<number> {
  const began = performance.now();
  const before = watcher.consumers.length;
  await eventually('media to be back', async () => watcher.consumers.length > before && (await watcher.packets()) > 0, {
    withinMs: 15_000,
    everyMs: 50,
  });
  return performance.now() - began;
}

describe.skipIf(process.platform !== 'linux')('the network between two nodes is cut', () => {
  it('[PI16] media goes by a third node, and stays there without a loss when the cut is healed', async () => {
    const room = newRoom();
    await using publisher = await publish(0, room);
    await using watcher = await watch(1, room, publisher.producerId);
    await using _bystander = await RawPeer.join(placeOf(2), room);
    await using cut = await cutUdp(pipeAddress(0), pipeAddress(1));
    expect(await untilBack(watcher)).toBeLessThan(backWithinMs);
    expect(await cut.dropped()).toBeGreaterThan(0);
    expect(carriagesOf(1, room)).toMatchObject([{ relayed: true, end: { farAddress: nodes[2].endpoint.inbox } }]);
    expect(carriagesOf(2, room)).toMatchObject([{ relayed: false, end: { farAddress: nodes[0].endpoint.inbox } }]);
    expect(await repairs(1, { kind: 'remade', result: 'silent' })).toBe(1);
    expect(await valueOf(nodes[1].metricsRegistry, 'sfu_pipe_relayed_producers')).toBe(1);
    // The way that nothing is on any more is gone at both ends.
    await eventually(
      'the cut pair to be gone',
      () => linksOf(0, room).length === 1 && linksOf(1, room).length === 1,
      soon,
    );

    const consumers = watcher.consumers.length;
    await cut.heal();
    const [sentBefore, before] = [await published(room), await watcher.packets()];
    await eventually('three seconds of media', async () => (await watcher.packets()) > before + 300, soon);
    const [received, sent] = [(await watcher.packets()) - before, (await published(room)) - sentBefore];
    // What was on its way at either end of the time.
    expect(Math.abs(sent - received)).toBeLessThan(15);
    expect(watcher.consumers).toHaveLength(consumers);
    expect(watcher.events).not.toContain('consumerClosed');
  });

  it('[PI16] a node that has no part of the room relays too, all that is lost, and lets it go after', async () => {
    const room = newRoom();
    await using first = await publish(0, room);
    await using second = await publish(0, room);
    {
      await using one = await watch(1, room, first.producerId);
      await using other = await watch(1, room, second.producerId);
      await using _ = await cutUdp(pipeAddress(0), pipeAddress(1), { ways: 'one' });
      expect(Math.max(...(await Promise.all([one, other].map(untilBack))))).toBeLessThan(backWithinMs);
      expect(carriagesOf(1, room).map(({ relayed }) => relayed)).toEqual([true, true]);
      expect([linksOf(0, room).length, linksOf(1, room).length]).toEqual([1, 1]);
      expect(sliceOf(2, room)?.peers.size).toBe(0);
    }
    await eventually('the relay to have let it go', () => sliceOf(2, room) === undefined, soon);
  });

  it('[PI16] what came by a relay is not given on: no relay relays for a relay', async () => {
    const room = newRoom();
    await using publisher = await publish(0, room);
    await using watcher = await watch(1, room, publisher.producerId);
    await using _ = await cutUdp(pipeAddress(0), pipeAddress(1));
    await untilBack(watcher);
    const params = { room: room as RoomId, producerId: publisher.producerId };
    const asked = nodes[2].endpoint.call(nodes[1].endpoint.inbox, 'relayPipe', params, { ttlMs: 2000 });
    await expect(asked).rejects.toMatchObject({ code: 'nodeUnavailable' });
    const relayed = carriagesOf(1, room)[0]!;
    expect(() => sliceOf(1, room)?.pipes.lend(publisher.producerId, relayed.router.id)).toThrow('not given on');
  });

  it('[PI17] without anybody to relay it waits, and goes on when the cut is healed', async () => {
    const room = newRoom();
    await using publisher = await publish(0, room);
    await using watcher = await watch(1, room, publisher.producerId);
    await using cut = await cutUdp(pipeAddress(0), pipeAddress(1));
    await using other = await cutUdp(pipeAddress(0), pipeAddress(2));
    await eventually(
      'nobody to be found',
      async () => (await repairs(1, { kind: 'relayed', result: 'nobody' })) > 0,
      soon,
    );
    expect(await other.dropped()).toBeGreaterThan(0);
    await Promise.all([cut.heal(), other.heal()]);
    const sent = await watcher.packets();
    await eventually('media to be back', async () => (await watcher.packets()) > sent + 100, soon);
    expect(carriagesOf(1, room)).toMatchObject([{ relayed: false }]);
  });
});

describe.skipIf(process.platform !== 'linux')('the network between two nodes loses packets', () => {
  it('[PI19] at 5 % the pipe repairs itself: under 1 % is missing at the viewer, and nothing is made anew', async () => {
    const room = newRoom();
    await using publisher = await publish(0, room);
    await using watcher = await watch(1, room, publisher.producerId);
    await using lossy = await cutUdp(pipeAddress(0), pipeAddress(1), { loss: 0.05 });
    const [sentBefore, before] = [await published(room), await watcher.packets()];
    await eventually('some seconds of media', async () => (await watcher.packets()) > before + 500, soon);
    const [sent, received] = [(await published(room)) - sentBefore, (await watcher.packets()) - before];
    expect(await lossy.dropped()).toBeGreaterThan(5);
    expect(received).toBeGreaterThan(sent * 0.99 - 5);
    expect(watcher.consumers).toHaveLength(1);
  });
});

/** Packets that the first node has received from its publisher. */
async function published(room: string): Promise<number> {
  const [own] = sliceOf(0, room)?.producers ?? [];
  const stats = await (own!.producer as types.Producer).getStats();
  return stats.reduce((sum, { packetCount }) => sum + packetCount, 0);
}

it('[PI16] a relay that nobody comes for lets its copy go', async () => {
  const room = newRoom();
  await using publisher = await publish(0, room);
  const params = { room: room as RoomId, producerId: publisher.producerId };
  await nodes[1].endpoint.call(nodes[2].endpoint.inbox, 'relayPipe', params, { ttlMs: 2000 });
  expect(carriagesOf(2, room)).toHaveLength(1);
  await eventually('it to be gone', () => sliceOf(2, room) === undefined && linksOf(0, room).length === 0, soon);
});

it('[NO45] a node that only relays is drained at once', async () => {
  const room = newRoom();
  await using publisher = await publish(0, room);
  const params = { room: room as RoomId, producerId: publisher.producerId };
  await nodes[1].endpoint.call(nodes[2].endpoint.inbox, 'relayPipe', params, { ttlMs: 2000 });
  const { drain } = nodes[2];
  const begun = drain.run(60_000);
  // It resolves in the first look, while the copy that was offered is still there.
  const outcome = await Promise.race([
    begun,
    eventually('the copy to be gone', () => carriagesOf(2, room).length === 0),
  ]);
  drain.cancel();
  expect(outcome).toBe('empty');
  await eventually('it to be gone', () => sliceOf(2, room) === undefined && linksOf(0, room).length === 0, soon);
});

it('[PI17] a publisher that sends nothing has no dead pipe', async () => {
  const room = newRoom();
  await using ada = await RawPeer.join(placeOf(0), room);
  await using bob = await RawPeer.join(placeOf(1), room, ['replace']);
  const asked = vi.spyOn(nodes[1].endpoint, 'call');
  const { consumers } = await bob.consume(await ada.produce('audio'), await ada.produce('video'));
  await bob.ask('resumeConsumer', { consumerIds: consumers.map(({ id }) => id) });
  const [link] = linksOf(1, room);
  const questions = () => asked.mock.calls.filter(([, operation]) => operation === 'syncPipe').length;
  await eventually('the origin to be asked five times', () => questions() >= 5, { withinMs: 20_000 });
  expect(linksOf(1, room)).toEqual([link]);
  expect(carriagesOf(1, room)).toHaveLength(2);
}, 30_000);

it('[PI20] a producer that is carried again and again over a standing pair flows each time', async () => {
  const room = newRoom();
  await using publisher = await publish(0, room);
  await using ada = await RawPeer.join(placeOf(0), room);
  await using bob = await RawPeer.join(placeOf(1), room);
  await bob.consume(await ada.produce('audio'));
  const [pair] = linksOf(1, room);
  for (let round = 0; round < 4; round++) {
    {
      await using _ = await watch(1, room, publisher.producerId);
      expect(linksOf(1, room)).toEqual([pair]);
    }
    await eventually('it to be let go', () => carriagesOf(1, room).length === 1, soon);
  }
});

it('[PI18] a pair whose far end went without a word is made anew directly, and the viewer goes on', async () => {
  const room = newRoom();
  await using publisher = await publish(0, room);
  await using watcher = await watch(1, room, publisher.producerId);
  const before = await repairs(1, { kind: 'remade', result: 'ok' });
  linksOf(0, room)[0]?.close();
  expect(await untilBack(watcher)).toBeLessThan(backWithinMs);
  expect(carriagesOf(1, room)).toMatchObject([{ relayed: false, producerId: publisher.producerId }]);
  await eventually('one pair', () => linksOf(0, room).length === 1 && linksOf(1, room).length === 1, soon);
  await eventually('it to be counted', async () => (await repairs(1, { kind: 'remade', result: 'ok' })) === before + 1);
});
