import { LocalCluster } from '@sluice/local';
import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consumeData, type DataOptions, produceData, type Reliability } from '../../support/native/data-peer.ts';
import { RawPeer } from '../../support/raw/raw-peer.ts';
import { cutUdp } from '../../support/network/udp-cut.ts';
import { newRoom } from '../../support/clusters/use-stage.ts';

const kilobyte = 'x'.repeat(1000);
const pipeAddress = (index: number) => `127.0.1.${index + 1}`;
const viewerAddress = '127.0.2.1';
/** A burst of 2 MB over a way that loses packets takes some time; what is lost for good never comes. */
const patience = { withinMs: 40_000 };

let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await LocalCluster.start({
    nodes: 2,
    gateways: 1,
    workers: 1,
    port: 0,
    host: '127.0.0.1',
    nodeSettings: (index) => ({ PIPE_LISTEN_IP: pipeAddress(index) }),
  });
});
afterAll(() => cluster?.stop());

const placeOf = (index: number) => ({ url: cluster.url, node: cluster.nodes[index]!.owner.node });

interface Way {
  /** The node of the one who receives; the one who sends is on the first. */
  to: number;
  channel: Reliability;
  wanted?: Parameters<typeof consumeData>[2];
  viewer?: DataOptions;
}

/** A channel between two peers, and numbered messages of a kilobyte on it. */
async function open({ to, channel, wanted, viewer }: Way) {
  const room = newRoom();
  const stack = new AsyncDisposableStack();
  const publisher = stack.use(await RawPeer.join(placeOf(0), room));
  const listener = stack.use(await RawPeer.join(placeOf(to), room));
  const sending = stack.use(await produceData(publisher, channel));
  const receiving = stack.use(await consumeData(listener, sending.dataProducerId, wanted, viewer));
  let sent = 0;
  const send = (count: number) => {
    for (const end = sent + count; sent < end; sent++) sending.send(`${sent} ${kilobyte}`);
  };
  const { received, parameters } = receiving;
  return { received, parameters, send, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const numbersOf = (received: string[]) => new Set(received.map((message) => Number.parseInt(message, 10)));

type Channel = Awaited<ReturnType<typeof open>>;

/** 2,000 at once. */
async function assertBurstComes({ received, send }: Channel): Promise<void> {
  send(2000);
  await eventually('all messages to come', () => numbersOf(received).size === 2000, patience).catch(() => undefined);
  expect(numbersOf(received).size).toBe(2000);
}

/** Few enough at once for the socket buffers of any machine, and more than a window that has just been opened. */
async function assertFewComeEachTime({ received, send }: Channel): Promise<void> {
  for (let count = 30; count <= 300; count += 30) {
    send(30);
    await eventually(`${count} messages to come`, () => numbersOf(received).size === count, patience);
  }
}

describe.each([
  { where: 'on one node', to: 0 },
  { where: 'over a pipe', to: 1 },
])('$where', ({ to }) => {
  it('[PI21] of 2,000 unordered messages in a burst none is lost', async () => {
    await using all = await open({ to, channel: { unordered: true } });
    await assertBurstComes(all);
  });

  it('[PI21] nor where the viewer asks for an unordered channel', async () => {
    await using all = await open({ to, channel: { unordered: true }, wanted: { ordered: false } });
    await assertBurstComes(all);
  });

  it('[PI21] nor where the channel limits repetitions, while the network loses nothing', async () => {
    await using all = await open({ to, channel: { unordered: true, maxRetransmits: 3 } });
    await assertFewComeEachTime(all);
    expect(all.parameters).toMatchObject({ ordered: false });
  });

  it('[PI21] a viewer that wants an ordered channel of it has one', async () => {
    await using all = await open({ to, channel: { unordered: true, maxRetransmits: 0 }, wanted: { ordered: true } });
    await assertFewComeEachTime(all);
    const numbers = all.received.map((message) => Number.parseInt(message, 10));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });
});

describe('where 5 % of all datagrams are lost', () => {
  it('[PI21] on the way to the viewer: all unordered messages come', async () => {
    await using all = await open({ to: 0, channel: { unordered: true }, viewer: { bindAddress: viewerAddress } });
    await using cut = await cutUdp('127.0.0.1', viewerAddress, { ways: 'one', loss: 0.05 });
    await assertBurstComes(all);
    expect(await cut.dropped()).toBeGreaterThan(0);
  });

  it('[PI21] between two nodes: all unordered messages come', async () => {
    await using all = await open({ to: 1, channel: { unordered: true } });
    await using cut = await cutUdp(pipeAddress(0), pipeAddress(1), { ways: 'one', loss: 0.05 });
    await assertBurstComes(all);
    expect(await cut.dropped()).toBeGreaterThan(0);
  });

  it('[PI21] what may be lost is lost, and never repeated without an end: a life time holds', async () => {
    const channel = { unordered: true, maxPacketLifeTime: 60_000 };
    await using all = await open({ to: 0, channel, viewer: { bindAddress: viewerAddress } });
    await using cut = await cutUdp('127.0.0.1', viewerAddress, { ways: 'one', loss: 0.05 });
    all.send(2000);
    await eventually('most messages to come', () => numbersOf(all.received).size > 1000, { withinMs: 45_000 });
    expect(all.parameters).toMatchObject({ ordered: false, maxPacketLifeTime: 60_000 });
    expect(await cut.dropped()).toBeGreaterThan(0);
  });
});
