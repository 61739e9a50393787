import { SluiceError } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { expect, it, vi } from 'vitest';
import {
  type Heard,
  endsOf,
  eventsOf,
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

it.each(['nodeUnavailable', 'producerNotFound', 'deadlineExceeded'] as const)(
  '[PI8] a pipe that could not be made (%s) is not remembered, and leaves no port',
  async (code) => {
    const room = newRoom();
    await using ada = await join(nodes.A, room);
    await using bob = await join(nodes.B, room);
    const camera = await ada.produce('video');
    intercept(nodes.B, 'openPipe', () => Promise.reject(new SluiceError(code, 'Not this time.')));
    expect((await bob.consume(camera)).failed).toEqual([{ producerId: camera, code }]);
    expect(pairsBetween(room)).toEqual([0, 0]);
    vi.restoreAllMocks();
    expect((await bob.consume(camera)).failed).toEqual([]);
    expect(pairsBetween(room)).toEqual([1, 1]);
  },
);

it('[PI8] the answer about a pipe is lost: nothing is sent to nobody, and the next viewer has it', async () => {
  const room = newRoom();
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
  const camera = await ada.produce('video');
  intercept(nodes.B, 'openPipe', async (ask) => {
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
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
  const camera = await ada.produce('video');
  const given = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  intercept(nodes.B, 'openPipe', async (ask) => {
    const answer = await ask();
    given.resolve();
    await goOn.promise;
    return answer;
  });
  const consumed = bob.consume(camera);
  await given.promise;
  await ada.ask('closeProducer', { producerId: camera });
  await eventually('node B to know', () => !sliceOf(nodes.B, room)?.feed.view.producers.size, soon);
  goOn.resolve();
  expect((await consumed).failed).toEqual([{ producerId: camera, code: 'producerNotFound' }]);
  await eventually('the pair to be gone', () => String(pairsBetween(room)) === '0,0', soon);
  expect([...(sliceOf(nodes.B, room)?.pipes.carriages ?? [])]).toEqual([]);
});

it('[PI9] a viewer that goes while its pipe is being made leaves nothing behind', async () => {
  const room = newRoom();
  await using ada = await join(nodes.A, room);
  const bob = await join(nodes.B, room);
  const camera = await ada.produce('video');
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  intercept(nodes.B, 'openPipe', async (ask) => {
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
  ['asker', () => nodes.B],
  ['giver', () => nodes.A],
] as const)('[PI10] a pair of which the %s has lost its end is made anew for the next viewer', async (_who, of) => {
  const room = newRoom();
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
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
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
  const [camera, microphone] = [await ada.produce('video'), await ada.produce('audio')];
  const { consumers } = await bob.consume(camera, microphone);
  intercept(nodes.B, 'closePipe', () => Promise.reject(new SluiceError('deadlineExceeded', 'Lost.')));
  const [first] = consumers;
  await bob.ask('closeConsumer', { consumerId: String(first?.id) });
  await eventually('node B to have let it go', () => sliceOf(nodes.B, room)?.pipes.carriages.size === 1, soon);
  expect(endsOf(nodes.A, room).node[0]?.given.size).toBe(2);
  await eventually('the sweep', () => endsOf(nodes.A, room).node[0]?.given.size === 1, { withinMs: 20_000 });
}, 30_000);

it('[PI11] an end whose other end is gone without a word is closed by the sweep', async () => {
  const room = newRoom();
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
  const camera = await ada.produce('video');
  await bob.consume(camera);
  intercept(nodes.B, 'closePipe', () => Promise.reject(new SluiceError('deadlineExceeded', 'Lost.')));
  endsOf(nodes.B, room).node[0]?.close();
  await eventually('the sweep', () => String(pairsBetween(room)) === '0,0', { withinMs: 20_000 });
}, 30_000);

it('[PI11] a node that does not answer about one pair keeps no other from being swept', async () => {
  const [deaf, room] = [newRoom(), newRoom()];
  await using ada = await join(nodes.A, deaf);
  await using bob = await join(nodes.B, deaf);
  await bob.consume(await ada.produce('video'));
  await using eve = await join(nodes.A, room);
  await using dan = await join(nodes.B, room);
  await dan.consume(await eve.produce('video'));
  intercept(nodes.B, 'closePipe', () => Promise.reject(new SluiceError('deadlineExceeded', 'Lost.')));
  intercept(nodes.A, 'syncPipe', (ask, params) =>
    'room' in params && params.room === deaf ? Promise.reject(new SluiceError('deadlineExceeded', 'Silence.')) : ask(),
  );
  endsOf(nodes.B, room).node[0]?.close();
  await eventually('the sweep', () => String(pairsBetween(room)) === '0,0', { withinMs: 20_000 });
  expect(pairsBetween(deaf)).toEqual([1, 1]);
}, 30_000);

it('[PI18] a pipe is lost: copies that hang on it go too, and everyone behind it hears of it or gets another', async () => {
  const room = newRoom();
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room, ['replace']);
  await using eve = await join(nodes.B, room, ['replace']);
  await using old = await join(nodes.B, room);
  const camera = await ada.produce('video');
  const before = await Promise.all([bob, eve, old].map((peer) => peer.consume(camera)));
  const ids = before.map(({ consumers }) => String(consumers[0]?.id));
  const [bobs, eves, olds] = [bob, eve, old].map(eventsOf);
  endsOf(nodes.B, room).node[0]?.close();
  const replaced = (events: Heard | undefined, replaces: string | undefined) =>
    events?.some((event) => event.type === 'consumerAdded' && event.replaces === replaces);
  await eventually('both to have another', () => replaced(bobs, ids[0]) && replaced(eves, ids[1]), soon);
  await eventually('the third to hear', () =>
    olds?.some(
      (event) => event.type === 'consumerClosed' && event.consumerId === ids[2] && event.reason === 'pipeLost',
    ),
  );
  await eventually('one pair', () => String(pairsBetween(room)) === '1,1', soon);
  expect((await old.consume(camera)).failed).toEqual([]);
});

it('[PI9] a producer that closes just before its giver hears of the pipe leaves nothing behind', async () => {
  const room = newRoom();
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
  const camera = await ada.produce('video');
  intercept(nodes.B, 'openPipe', async (ask) => {
    await ada.ask('closeProducer', { producerId: camera });
    return ask();
  });
  expect((await bob.consume(camera)).failed).toEqual([{ producerId: camera, code: 'producerNotFound' }]);
  await eventually('the pair to be gone', () => String(pairsBetween(room)) === '0,0', soon);
});

it('[PI11] the asker dies between asking and connecting: the giver keeps no half of a pipe', async () => {
  const room = newRoom();
  await using ada = await join(nodes.A, room);
  await using bob = await join(nodes.B, room);
  const camera = await ada.produce('video');
  vi.spyOn(sliceOf(nodes.B, room)!.links, 'release').mockResolvedValue();
  intercept(nodes.B, 'openPipe', async (ask) => {
    await ask();
    throw new SluiceError('deadlineExceeded', 'The answer was lost.');
  });
  expect((await bob.consume(camera)).failed).toEqual([{ producerId: camera, code: 'deadlineExceeded' }]);
  expect(pairsBetween(room)).toEqual([1, 0]);
  await eventually('the sweep', () => String(pairsBetween(room)) === '0,0', { withinMs: 20_000 });
}, 30_000);
