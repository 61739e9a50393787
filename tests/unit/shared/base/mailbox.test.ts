import { Mailbox } from '@sluice/shared';
import { settle } from '@sluice/shared/testing';
import { expect, it } from 'vitest';

it('[NO20] jobs run one at a time, in the order they came, however long each takes', async () => {
  const mailbox = new Mailbox();
  const said: string[] = [];
  const slow = Promise.withResolvers<void>();
  const first = mailbox.run(async () => {
    said.push('first begins');
    await slow.promise;
    said.push('first ends');
  });
  const second = mailbox.run(() => said.push('second'));
  await settle();
  expect(said).toEqual(['first begins']);
  slow.resolve();
  await Promise.all([first, second]);
  expect(said).toEqual(['first begins', 'first ends', 'second']);
  expect(mailbox.depth).toBe(0);
});

it('[NO20] a job that fails fails its own caller, and the next one runs', async () => {
  const mailbox = new Mailbox();
  const failing = mailbox.run(() => Promise.reject(new Error('no')));
  const next = mailbox.run(() => 'yes');
  await expect(failing).rejects.toThrow('no');
  await expect(next).resolves.toBe('yes');
});

it('[NO20] a full mailbox refuses at once and runs nothing, but for the jobs that end things', async () => {
  const mailbox = new Mailbox(2);
  const gate = Promise.withResolvers<void>();
  const waiting = [mailbox.run(() => gate.promise), mailbox.run(() => 'waited')];
  let ran = false;
  const refused = mailbox.run(() => {
    ran = true;
  });
  await expect(refused).rejects.toMatchObject({ code: 'tooManyRequests', temporary: true });
  const ending = mailbox.runAlways(() => 'ended');
  gate.resolve();
  await expect(Promise.all([...waiting, ending])).resolves.toEqual([undefined, 'waited', 'ended']);
  expect(ran).toBe(false);
  await expect(mailbox.run(() => 'room again')).resolves.toBe('room again');
});
