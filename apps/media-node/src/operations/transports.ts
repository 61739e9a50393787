import type { types } from '../mediasoup/types.ts';
import { invalidMedia } from '../mediasoup/errors.ts';
import { transportParameters } from '../mediasoup/transports.ts';
import { createTransport as createPeerTransport, giveBack } from '../room/peer-transports.ts';
import { nothing, type Operation, onPeer } from './table.ts';

export const createTransport: Operation<'createTransport'> = onPeer<'createTransport'>(
  async (place, { direction, sctp }, node) =>
    transportParameters(await createPeerTransport(node, place, { direction, sctp })),
);

export const connectTransport: Operation<'connectTransport'> = onPeer<'connectTransport'>(
  async ({ peer }, { transportId, dtlsParameters }) => {
    const found = peer.transport(transportId);
    found.asked = true;
    await found.transport.connect({ dtlsParameters }).catch((error: unknown) => invalidMedia(error, 'dtlsParameters'));
    return nothing;
  },
);

export const restartIce: Operation<'restartIce'> = onPeer<'restartIce'>(async ({ peer }, { transportId }) => {
  const found = peer.transport(transportId);
  const iceParameters: types.IceParameters = await found.transport.restartIce();
  found.restarting = true;
  return { iceParameters };
});

export const closeTransport: Operation<'closeTransport'> = onPeer<'closeTransport'>(async (place, { transportId }) => {
  giveBack(place, transportId);
  return nothing;
});
