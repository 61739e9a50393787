import { nothing, onLeavingPeer, type Operation, onPeer } from './table.ts';

export const leavePeer: Operation<'leavePeer'> = onLeavingPeer<'leavePeer'>(
  async ({ slice, peer }, { reason }, node) => {
    await slice.remove(peer, reason).finally(() => node.slices.settle(slice));
    return nothing;
  },
);

export const updatePeer: Operation<'updatePeer'> = onPeer<'updatePeer'>(async ({ slice, peer }, { name, metadata }) => {
  const record = {
    ...peer.record,
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata }),
  };
  await peer.changeRecord(record, () => slice.write({ type: 'updatePeer', peer: record }));
  return nothing;
});

export const sendMessage: Operation<'sendMessage'> = onPeer<'sendMessage'>(async ({ slice, peer }, { payload, to }) => {
  peer.messageBytes.take(Buffer.byteLength(JSON.stringify(payload)), slice.clock.now());
  const { seq } = await slice.write({ type: 'message', from: peer.id, payload, ...(to && { to }) });
  return { seq };
});
