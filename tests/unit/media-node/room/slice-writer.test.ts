import { type Change, type Committed, FencedError, type Outcome } from '@sluice/shared';
import { ownerNamed, peerRecord, producerRecord, roomNamed } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { SliceWriter } from '../../../../apps/media-node/src/room/slice-writer.ts';

const peer = peerRecord('ann', ownerNamed('a'));
const camera = producerRecord('camera', peer);
const update: Change = { type: 'updatePeer', peer };

/** A writer whose directory answers as it is told, in the life 1 unless said otherwise. */
function writer(...answers: (Outcome | { epoch: number } | Error)[]) {
  const said: string[] = [];
  const written: Change['type'][][] = [];
  const made = new SliceWriter({
    write: async (changes): Promise<Committed> => {
      written.push(changes.map(({ type }) => type));
      const answer = answers.shift() ?? 'done';
      if (answer instanceof Error) throw answer;
      const life = typeof answer === 'string' ? 1 : answer.epoch;
      const outcome = typeof answer === 'string' ? answer : 'done';
      return { epoch: life, seq: 7, outcomes: changes.map(() => outcome) };
    },
    onLost: async () => void said.push('lost'),
    onFenced: () => void said.push('fenced'),
  });
  made.life = 1;
  return { made, said, written };
}

test('[DI54] a change whose record is missing is made once the room has been written again', async () => {
  const { made, said, written } = writer('missing');
  expect(await made.write(update)).toEqual({ epoch: 1, seq: 7 });
  expect(said).toEqual(['lost']);
  expect(written).toEqual([['updatePeer'], ['updatePeer']]);
});

test('[DI54] one that is missing still is answered so that it is tried again, and never as done', async () => {
  const { made } = writer('missing', 'missing');
  await expect(made.write(update)).rejects.toMatchObject({ code: 'coordinatorUnavailable', temporary: true });
});

test("[DI54] a record that is another owner's by now is not written again", async () => {
  const { made, said } = writer('other');
  await expect(made.write(update)).rejects.toMatchObject({ code: 'peerNotFound' });
  expect(said).toEqual([]);
});

test('[DI54] in another life of the room it is said again behind what this node holds', async () => {
  const { made, said, written } = writer({ epoch: 2 });
  await made.write(update);
  expect(said).toEqual(['lost']);
  expect(written).toHaveLength(2);
});

test('[DI54] who leaves a room that has lost it is put back first, so that the others hear that it left', async () => {
  const { made, said, written } = writer('missing');
  await made.leave({ peer, producers: [camera], hasEntered: true }, 'left');
  expect(written).toEqual([['removePeer'], ['restorePeer', 'restoreProducer', 'removePeer']]);
  expect(said).toEqual([]);
});

test('[DI54] one that never entered is missing by right', async () => {
  const { made, written } = writer('missing');
  await made.leave({ peer, producers: [], hasEntered: false }, 'failed');
  expect(written).toEqual([['removePeer']]);
});

test('[DI54] a refused write of a fenced boot ends the slice, and its client may try again', async () => {
  const { made, said } = writer(new FencedError(roomNamed('r')));
  await expect(made.write(update)).rejects.toMatchObject({ code: 'nodeUnavailable' });
  expect(said).toEqual(['fenced']);
});
