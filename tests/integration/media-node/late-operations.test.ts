import type { Directory } from '@sluice/shared';
import { expect, test } from 'vitest';
import { LoneNode } from '../../support/clusters/lone-node.ts';
import { wrapped } from '../../support/wrapped-directory.ts';

/** A node whose directory takes `ms` for one kind of call. */
function slow(call: 'subscribe' | 'enter', ms: number): Promise<LoneNode> {
  const wait = () => new Promise<void>((resolve) => void lone.clock.setTimer(resolve, ms));
  const wrap = (real: Directory) =>
    wrapped(real, (directory) => ({
      [call]: async (...args: never[]) => {
        await wait();
        return (directory[call] as (...args: never[]) => unknown)(...args);
      },
    }));
  let lone: LoneNode;
  return LoneNode.start({ wrap }).then((started) => {
    lone = started;
    return started;
  });
}

test.each(['subscribe', 'enter'] as const)(
  '[NO39] a peer does not enter after its gateway has given it up: %s takes 9 s',
  async (call) => {
    await using lone = await slow(call, 9000);
    const gateway = await lone.gateway('gw-1');
    const ann = gateway.session('a');
    const joined = ann.join().catch((error: unknown) => error);
    await lone.pass(20_000);
    expect(await joined).toMatchObject({ code: 'deadlineExceeded' });
    expect([ann.peer, await ann.record()]).toEqual([undefined, undefined]);
  },
);

test.each(['leavePeer', 'detachPeer'] as const)(
  '[NO40] %s is done though the mailbox of the peer is full, however late',
  async (operation) => {
    await using lone = await LoneNode.start();
    const ann = await (await lone.gateway('gw-1')).join('a');
    const { mailbox } = ann.peer!;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = Array.from({ length: 128 }, () => mailbox.run(() => promise));
    await expect(ann.ask('updatePeer', { name: 'Ann' })).rejects.toMatchObject({ code: 'tooManyRequests' });
    const asked = ann.ask(operation, { reason: 'left' }).catch((error: unknown) => error);
    await lone.pass(5000);
    resolve();
    await Promise.all(waiting);
    expect(await asked).toMatchObject({ code: 'deadlineExceeded' });
    await lone.pass(250);
    if (operation === 'leavePeer') expect(await ann.record()).toBeUndefined();
    else expect(ann.peer?.detachCause).toBe('session');
  },
);

test('[NO40] a peer with a full mailbox can be resumed', async () => {
  await using lone = await LoneNode.start();
  const gateway = await lone.gateway('gw-1');
  const ann = await gateway.join('a');
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiting = Array.from({ length: 128 }, () => ann.peer!.mailbox.run(() => promise));
  const fields = { sessionId: 's_again', gateway: gateway.inbox, resumeHash: `hash-of-${ann.peerId}` };
  const resumed = ann.ask('attachPeer', fields);
  await lone.clock.advance(100);
  resolve();
  await Promise.all(waiting);
  expect(await resumed).toMatchObject({ wasDetached: false });
});
