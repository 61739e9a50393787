import type { types } from 'mediasoup-client';
import type { Connection } from './connection.ts';
import { toWireRtpParameters, toWireSctpStreamParameters } from './wire.ts';

/**
 * Answers what mediasoup-client asks of the signalling while a transport works. `onFailed` hears that the server refused
 * to connect it, or never answered.
 */
export function wireTransport(
  connection: Connection,
  transport: types.Transport,
  onFailed: (cause: unknown) => void,
): void {
  const transportId = transport.id;
  const role = transport.direction === 'send' ? 'producer' : 'consumer';

  transport.on('connect', ({ dtlsParameters }, connected) => {
    const connecting = connection.request('connectTransport', { transportId, dtlsParameters, role });
    // Answered at once: `produce` may follow on the same socket in order, which saves a round trip.
    connected();
    connecting.catch(onFailed);
  });

  transport.on('produce', ({ kind, rtpParameters, appData }, produced, failed) => {
    const fields = { ...appData, transportId, kind, rtpParameters: toWireRtpParameters(rtpParameters) };
    connection.request('produce', fields).then(({ producerId }) => produced({ id: producerId }), failed);
  });

  transport.on('producedata', ({ sctpStreamParameters, label = '', protocol = '', appData }, produced, failed) => {
    const stream = toWireSctpStreamParameters(sctpStreamParameters);
    const fields = { ...appData, transportId, sctpStreamParameters: stream, label, protocol };
    connection.request('produceData', fields).then(({ dataProducerId }) => produced({ id: dataProducerId }), failed);
  });
}
