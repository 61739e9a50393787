import { settle } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { AfterReplies } from '../../../../packages/shared/src/bus/rpc/after-replies.ts';

it('[BU18] a message that cannot be handled keeps none of those behind it back', async () => {
  const taken: string[] = [];
  const errors: unknown[] = [];
  const received = new AfterReplies(
    (message) => {
      if (message.type === 'ping' && message.id === 'bad') throw new Error('Not this one.');
      taken.push(message.type === 'ping' ? message.id : message.type);
    },
    (error) => errors.push(error),
  );
  received.accept({ type: 'reply', id: '1' });
  for (const id of ['one', 'bad', 'two']) received.accept({ type: 'ping', id });
  await settle();
  expect(taken).toEqual(['reply', 'one', 'two']);
  expect(errors).toHaveLength(1);
});
