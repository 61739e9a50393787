import type { types } from 'mediasoup';
import { transportParameters } from '../media/transports.ts';
import { nothing, type Operation, onPeer } from './table.ts';

export const createTransport: Operation<'createTransport'> = onPeer<'createTransport'>(
  async ({ slice, peer }, { direction, sctp }, node) =>
    transportParameters(await node.createTransport(slice, peer, { direction, sctp })),
);

export const connectTransport: Operation<'connectTransport'> = onPeer<'connectTransport'>(
  async ({ peer }, { transportId, dtlsParameters }) => {
    await peer.transport(transportId).transport.connect({ dtlsParameters });
    return nothing;
  },
);

export const restartIce: Operation<'restartIce'> = onPeer<'restartIce'>(async ({ peer }, { transportId }) => {
  const iceParameters: types.IceParameters = await peer.transport(transportId).transport.restartIce();
  return { iceParameters };
});
