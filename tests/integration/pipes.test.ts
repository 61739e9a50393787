import { LocalCluster } from '@sluice/local';
import type { ProducerId, RoomId } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { RawPeer, rtpParametersOf } from '../support/raw-peer.ts';
import { newRoom } from '../support/use-stage.ts';
import { workerUdpPorts } from '../support/udp-ports.ts';

type Node = LocalCluster['nodes'][number];

const soon = { withinMs: 10_000 };

let cluster: LocalCluster;
let nodeA: Node;
let nodeB: Node;
let idlePorts: string;

beforeAll(async () => {
  const settings = { PIPE_IDLE_MS: '200', EMPTY_SLICE_MS: '100' };
  cluster = await LocalCluster.start({ nodes: 2, gateways: 1, workers: 2, port: 0, host: '127.0.0.1', settings });
  [nodeA, nodeB] = cluster.nodes as [Node, Node];
  idlePorts = String(await workerUdpPorts([process.pid]));
});

/** Whatever a test did: once its peers have gone, nothing of it is left, neither in these processes nor in the kernel. */
afterEach(async () => {
  vi.restoreAllMocks();
  await eventually('all slices to be gone', () => [nodeA, nodeB].every(({ slices }) => slices.size === 0), soon);
  await eventually(
    'all pipe ports to be free',
    async () => String(await workerUdpPorts([process.pid])) === idlePorts,
    soon,
  );
});

afterAll(() => cluster?.stop());

const join = (node: Node, room: string) => RawPeer.join({ url: cluster.url, node: node.owner.node }, room);

const sliceOf = (node: Node, room: string) => node.slices.get(room as RoomId);

/** Ends of pipes to other nodes, and between routers here. */
function endsOf(node: Node, room: string) {
  const ends = [...(sliceOf(node, room)?.links.ends ?? [])];
  return { node: ends.filter(({ scope }) => scope === 'node'), worker: ends.filter(({ scope }) => scope === 'worker') };
}

const pairsBetween = (room: string) => [nodeA, nodeB].map((node) => endsOf(node, room).node.length);

type Call = Parameters<Node['endpoint']['call']>;

/** Stands in for what a node asks of others, operation by operation; the rest goes its way. */
function intercept(
  node: Node,
  operation: string,
  act: (ask: () => Promise<unknown>, params: Call[2]) => Promise<unknown>,
): void {
  const call = node.endpoint.call.bind(node.endpoint) as (...args: Call) => Promise<unknown>;
  const stand = (...args: Call) => (args[1] === operation ? act(() => call(...args), args[2]) : call(...args));
  vi.spyOn(node.endpoint, 'call').mockImplementation(stand as typeof node.endpoint.call);
}

it('[PI1] the first consumer makes the pipe; further producers and the way back ride on the same pair', async () => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  await using bob = await join(nodeB, room);
  const [camera, microphone] = [await ada.produce('video'), await ada.produce('audio')];
  expect(pairsBetween(room)).toEqual([0, 0]);
  const { consumers, failed } = await bob.consume(camera, microphone);
  expect(failed).toEqual([]);
  expect(consumers.map(({ producerId, path }) => [producerId, path])).toEqual([
    [camera, 'node'],
    [microphone, 'node'],
  ]);
  const back = await bob.produce('audio');
  expect((await ada.consume(back)).failed).toEqual([]);
  expect(pairsBetween(room)).toEqual([1, 1]);
});

it('[PI2] both sides ask at the same moment, for everything: one pair', async () => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  await using bob = await join(nodeB, room);
  const hers = await Promise.all([ada.produce('video'), ada.produce('audio')]);
  const his = await Promise.all([bob.produce('video'), bob.produce('audio')]);
  for (let round = 0; round < 10; round++) {
    const [atBob, atAda] = await Promise.all([bob.consume(...hers), ada.consume(...his)]);
    expect([...atBob.failed, ...atAda.failed]).toEqual([]);
    expect(pairsBetween(room)).toEqual([1, 1]);
    const consumerIds = ({ consumers }: typeof atBob) => consumers.map(({ id }) => id);
    await Promise.all([
      bob.ask('closeConsumer', { consumerIds: consumerIds(atBob) }),
      ada.ask('closeConsumer', { consumerIds: consumerIds(atAda) }),
    ]);
    // Half of the rounds begin while the pair of the last one is being let go.
    if (round % 2 === 0) await eventually('the pair to be gone', () => String(pairsBetween(room)) === '0,0', soon);
  }
});

it('[PI4] a viewer that leaves with its slice takes the pipe with it, though the publisher stays', async () => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  const camera = await ada.produce('video');
  {
    await using bob = await join(nodeB, room);
    await bob.consume(camera);
    expect(pairsBetween(room)).toEqual([1, 1]);
  }
  await eventually("the viewer's slice to be gone", () => sliceOf(nodeB, room) === undefined, soon);
  await eventually("the publisher's end to be gone", () => endsOf(nodeA, room).node.length === 0, { withinMs: 2000 });
});

it.each([
  ['paused', false],
  ['resumed', true],
] as const)('[PI5] a producer that is %s while its pipe is being made is so behind it', async (_what, pausedBefore) => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  await using bob = await join(nodeB, room);
  const producerId = await ada.produce('video');
  if (pausedBefore) await ada.ask('pauseProducer', { producerId });
  const [given, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  intercept(nodeB, 'openPipe', async (ask) => {
    const answer = await ask();
    given.resolve();
    await goOn.promise;
    return answer;
  });
  const consumed = bob.consume(producerId);
  await given.promise;
  await ada.ask(pausedBefore ? 'resumeProducer' : 'pauseProducer', { producerId });
  const known = () => sliceOf(nodeB, room)?.recordOf(producerId as ProducerId)?.paused === !pausedBefore;
  await eventually('node B to know', known, soon);
  goOn.resolve();
  expect((await consumed).consumers).toMatchObject([{ producerPaused: !pausedBefore }]);
});

it.each([
  ['a single VP8 stream', [{ ssrc: 1, scalabilityMode: 'L1T3' }], 'simple'],
  [
    'a VP8 simulcast',
    [
      { ssrc: 1, scalabilityMode: 'L1T3' },
      { ssrc: 2, scalabilityMode: 'L1T3' },
    ],
    'simulcast',
  ],
] as const)(
  '[PI15] %s of three temporal layers is consumed as what mediasoup can start at once',
  async (_what, encodings, type) => {
    const room = newRoom();
    await using ada = await join(nodeA, room);
    await using bob = await join(nodeB, room);
    const rtpParameters = { ...rtpParametersOf('video'), encodings: [...encodings] };
    const { producerId } = await ada.ask('produce', { transportId: ada.sendTransportId, kind: 'video', rtpParameters });
    expect((await bob.consume(producerId)).consumers).toMatchObject([{ type }]);
  },
);

it('[PI6] a producer that closes takes its copies with it, everywhere, and the viewer hears of it', async () => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  await using bob = await join(nodeB, room);
  const camera = await ada.produce('video');
  const { consumers } = await bob.consume(camera);
  const closed = new Promise((resolve) =>
    bob.connection.on('event', (event) => event.type === 'consumerClosed' && resolve(event)),
  );
  await ada.ask('closeProducer', { producerId: camera });
  await expect(closed).resolves.toMatchObject({ consumerId: consumers[0]?.id, reason: 'producerClosed' });
  await eventually('the pair to be gone', () => String(pairsBetween(room)) === '0,0', soon);
});

it.each(['nodeUnavailable', 'producerNotFound', 'deadlineExceeded'] as const)(
  '[PI8] a pipe that could not be made (%s) is not remembered, and leaves no port',
  async (code) => {
    const room = newRoom();
    await using ada = await join(nodeA, room);
    await using bob = await join(nodeB, room);
    const camera = await ada.produce('video');
    intercept(nodeB, 'openPipe', () => Promise.reject(new SluiceError(code, 'Not this time.')));
    expect((await bob.consume(camera)).failed).toEqual([{ producerId: camera, code }]);
    expect(pairsBetween(room)).toEqual([0, 0]);
    vi.restoreAllMocks();
    expect((await bob.consume(camera)).failed).toEqual([]);
    expect(pairsBetween(room)).toEqual([1, 1]);
  },
);

it('[PI8] the answer about a pipe is lost: nothing is sent to nobody, and the next viewer has it', async () => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  await using bob = await join(nodeB, room);
  const camera = await ada.produce('video');
  intercept(nodeB, 'openPipe', async (ask) => {
    await ask();
    throw new SluiceError('deadlineExceeded', 'The answer was lost.');
  });
  expect((await bob.consume(camera)).failed).toEqual([{ producerId: camera, code: 'deadlineExceeded' }]);
  vi.restoreAllMocks();
  await eventually('what was given to be taken back', () => String(pairsBetween(room)) === '0,0', soon);
  expect((await bob.consume(camera)).failed).toEqual([]);
  expect(pairsBetween(room)).toEqual([1, 1]);
});

it('[PI9] a producer that closes while its pipe is being made leaves nothing behind', async () => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  await using bob = await join(nodeB, room);
  const camera = await ada.produce('video');
  const given = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  intercept(nodeB, 'openPipe', async (ask) => {
    const answer = await ask();
    given.resolve();
    await goOn.promise;
    return answer;
  });
  const consumed = bob.consume(camera);
  await given.promise;
  await ada.ask('closeProducer', { producerId: camera });
  await eventually('node B to know', () => !sliceOf(nodeB, room)?.feed.view.producers.size, soon);
  goOn.resolve();
  expect((await consumed).failed).toEqual([{ producerId: camera, code: 'producerNotFound' }]);
  await eventually('the pair to be gone', () => String(pairsBetween(room)) === '0,0', soon);
  expect([...(sliceOf(nodeB, room)?.pipes.carriages ?? [])]).toEqual([]);
});

it('[PI9] a viewer that goes while its pipe is being made leaves nothing behind', async () => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  const bob = await join(nodeB, room);
  const camera = await ada.produce('video');
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  intercept(nodeB, 'openPipe', async (ask) => {
    asked.resolve();
    await goOn.promise;
    return ask();
  });
  const consumed = bob.consume(camera).catch((error: unknown) => error);
  await asked.promise;
  bob.connection.close();
  goOn.resolve();
  await consumed;
  await eventually('the pair to be gone', () => String(pairsBetween(room)) === '0,0', soon);
});

it.each([
  ['asker', () => nodeB],
  ['giver', () => nodeA],
] as const)('[PI10] a pair of which the %s has lost its end is made anew for the next viewer', async (_who, of) => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  await using bob = await join(nodeB, room);
  const [camera, microphone] = [await ada.produce('video'), await ada.produce('audio')];
  await bob.consume(camera);
  const [lost] = endsOf(of(), room).node;
  lost?.close();
  const { failed } = await bob.consume(microphone);
  expect(failed).toEqual([]);
  await eventually('one pair', () => String(pairsBetween(room)) === '1,1', soon);
  expect((await bob.consume(camera)).failed).toEqual([]);
  expect(pairsBetween(room)).toEqual([1, 1]);
});

it('[PI11] a lost word about a pipe that is let go is made good by the sweep', async () => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  await using bob = await join(nodeB, room);
  const [camera, microphone] = [await ada.produce('video'), await ada.produce('audio')];
  const { consumers } = await bob.consume(camera, microphone);
  intercept(nodeB, 'closePipe', () => Promise.reject(new SluiceError('deadlineExceeded', 'Lost.')));
  const [first] = consumers;
  await bob.ask('closeConsumer', { consumerId: String(first?.id) });
  await eventually('node B to have let it go', () => sliceOf(nodeB, room)?.pipes.carriages.size === 1, soon);
  expect(endsOf(nodeA, room).node[0]?.given.size).toBe(2);
  await eventually('the sweep', () => endsOf(nodeA, room).node[0]?.given.size === 1, { withinMs: 20_000 });
}, 30_000);

it('[PI11] an end whose other end is gone without a word is closed by the sweep', async () => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  await using bob = await join(nodeB, room);
  const camera = await ada.produce('video');
  await bob.consume(camera);
  intercept(nodeB, 'closePipe', () => Promise.reject(new SluiceError('deadlineExceeded', 'Lost.')));
  endsOf(nodeB, room).node[0]?.close();
  await eventually('the sweep', () => String(pairsBetween(room)) === '0,0', { withinMs: 20_000 });
}, 30_000);

it('[PI11] a node that does not answer about one pair keeps no other from being swept', async () => {
  const [deaf, room] = [newRoom(), newRoom()];
  await using ada = await join(nodeA, deaf);
  await using bob = await join(nodeB, deaf);
  await bob.consume(await ada.produce('video'));
  await using eve = await join(nodeA, room);
  await using dan = await join(nodeB, room);
  await dan.consume(await eve.produce('video'));
  intercept(nodeB, 'closePipe', () => Promise.reject(new SluiceError('deadlineExceeded', 'Lost.')));
  intercept(nodeA, 'syncPipe', (ask, params) =>
    'room' in params && params.room === deaf ? Promise.reject(new SluiceError('deadlineExceeded', 'Silence.')) : ask(),
  );
  endsOf(nodeB, room).node[0]?.close();
  await eventually('the sweep', () => String(pairsBetween(room)) === '0,0', { withinMs: 20_000 });
  expect(pairsBetween(deaf)).toEqual([1, 1]);
}, 30_000);

it('[PI12] a producer crosses once: a viewer on another worker is served from the first one', async () => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  await using bob = await join(nodeB, room);
  await using eve = await join(nodeB, room);
  const camera = await ada.produce('video');
  const paths = await Promise.all([bob.consume(camera), eve.consume(camera)]);
  expect(paths.flatMap(({ consumers }) => consumers.map(({ path }) => path))).toEqual(['node', 'node']);
  expect(pairsBetween(room)).toEqual([1, 1]);
  expect(endsOf(nodeB, room).worker).toHaveLength(2);
  expect([...(sliceOf(nodeB, room)?.pipes.carriages ?? [])].map(({ end }) => end.scope).sort()).toEqual([
    'node',
    'worker',
  ]);
  await ada.ask('closeProducer', { producerId: camera });
  await eventually(
    'all ends to be gone',
    () => endsOf(nodeB, room).worker.length === 0 && pairsBetween(room)[1] === 0,
    soon,
  );
});
