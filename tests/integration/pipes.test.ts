import type { ProducerId } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { rtpParametersOf } from '../support/raw/raw-peer.ts';
import {
  endsOf,
  intercept,
  join,
  nodes,
  pairsBetween,
  sliceOf,
  soon,
  useTwoNodes,
} from '../support/clusters/two-nodes.ts';
import { newRoom } from '../support/clusters/use-stage.ts';

useTwoNodes();

it('[PI1] the first consumer makes the pipe; further producers and the way back ride on the same pair', async () => {
  const room = newRoom();
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
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
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
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
  await using ada = await join(nodes.A, room);
  const camera = await ada.produce('video');
  {
    await using bob = await join(nodes.B, room);
    await bob.consume(camera);
    expect(pairsBetween(room)).toEqual([1, 1]);
  }
  await eventually("the viewer's slice to be gone", () => sliceOf(nodes.B, room) === undefined, soon);
  await eventually("the publisher's end to be gone", () => endsOf(nodes.A, room).node.length === 0, { withinMs: 2000 });
});

it.each([
  ['paused', false],
  ['resumed', true],
] as const)('[PI5] a producer that is %s while its pipe is being made is so behind it', async (_what, pausedBefore) => {
  const room = newRoom();
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
  const producerId = await ada.produce('video');
  if (pausedBefore) await ada.ask('pauseProducer', { producerId });
  const [given, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  intercept(nodes.B, 'openPipe', async (ask) => {
    const answer = await ask();
    given.resolve();
    await goOn.promise;
    return answer;
  });
  const consumed = bob.consume(producerId);
  await given.promise;
  await ada.ask(pausedBefore ? 'resumeProducer' : 'pauseProducer', { producerId });
  const known = () => sliceOf(nodes.B, room)?.recordOf(producerId as ProducerId)?.paused === !pausedBefore;
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
    await using ada = await join(nodes.A, room);
    await using bob = await join(nodes.B, room);
    const rtpParameters = { ...rtpParametersOf('video'), encodings: [...encodings] };
    const { producerId } = await ada.ask('produce', { transportId: ada.sendTransportId, kind: 'video', rtpParameters });
    expect((await bob.consume(producerId)).consumers).toMatchObject([{ type }]);
  },
);

it('[PI6] a producer that closes takes its copies with it, everywhere, and the viewer hears of it', async () => {
  const room = newRoom();
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
  const camera = await ada.produce('video');
  const { consumers } = await bob.consume(camera);
  const closed = new Promise((resolve) =>
    bob.connection.on('event', (event) => event.type === 'consumerClosed' && resolve(event)),
  );
  await ada.ask('closeProducer', { producerId: camera });
  await expect(closed).resolves.toMatchObject({ consumerId: consumers[0]?.id, reason: 'producerClosed' });
  await eventually('the pair to be gone', () => String(pairsBetween(room)) === '0,0', soon);
});

it('[PI12] a producer crosses once: a viewer on another worker is served from the first one', async () => {
  const room = newRoom();
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
  await using eve = await join(nodes.B, room);
  const camera = await ada.produce('video');
  const paths = await Promise.all([bob.consume(camera), eve.consume(camera)]);
  expect(paths.flatMap(({ consumers }) => consumers.map(({ path }) => path))).toEqual(['node', 'node']);
  expect(pairsBetween(room)).toEqual([1, 1]);
  expect(endsOf(nodes.B, room).worker).toHaveLength(2);
  expect([...(sliceOf(nodes.B, room)?.pipes.carriages ?? [])].map(({ end }) => end.scope).sort()).toEqual([
    'node',
    'worker',
  ]);
  await ada.ask('closeProducer', { producerId: camera });
  await eventually(
    'all ends to be gone',
    () => endsOf(nodes.B, room).worker.length === 0 && pairsBetween(room)[1] === 0,
    soon,
  );
});
