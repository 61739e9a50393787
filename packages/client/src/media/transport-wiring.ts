import type { ActionInput, Replies } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import { SluiceClientError } from '../base/errors.ts';
import { insist, type Signalling } from '../line/signalling.ts';
import { toWireRtpParameters, toWireSctpStreamParameters } from './wire.ts';

/**
 * Answers what mediasoup-client asks of the signalling while a transport works. `onFailed` hears that the server refused
 * to connect it, or never answered.
 */
export function wireTransport(
  signalling: Signalling,
  transport: types.Transport,
  onFailed: (cause: unknown) => void,
): void {
  const transportId = transport.id;
  const role = transport.direction === 'send' ? 'producer' : 'consumer';

  transport.on('connect', ({ dtlsParameters }, connected) => {
    let said = 0;
    const connecting = insist(() => {
      said++;
      return signalling.request('connectTransport', { transportId, dtlsParameters, role });
    });
    // Answered at once: `produce` may follow on the same socket in order, which saves a round trip.
    connected();
    connecting.catch((error: unknown) => {
      // Said again after a lost connection, it may be refused because it was done the first time.
      if (said === 1 || isUnknown(error)) onFailed(error);
    });
  });

  transport.on('produce', ({ kind, rtpParameters, appData }, produced) => {
    const fields = { ...appData, transportId, kind, rtpParameters: toWireRtpParameters(rtpParameters) };
    announce(signalling, fields).then(
      ({ producerId }) => produced({ id: producerId }),
      (error: unknown) => {
        refusals.set(appData, error);
        produced({ id: 'refused' });
      },
    );
  });

  transport.on('producedata', ({ sctpStreamParameters, label = '', protocol = '', appData }, produced, failed) => {
    const stream = toWireSctpStreamParameters(sctpStreamParameters);
    const fields = { ...appData, transportId, sctpStreamParameters: stream, label, protocol };
    signalling.request('produceData', fields).then(({ dataProducerId }) => produced({ id: dataProducerId }), failed);
  });
}

/**
 * Why a producer was refused, by its `appData`. mediasoup-client is told that it was made: of a refusal it takes the offer
 * back while the next one is made already, and the two of them leave the transport broken.
 */
const refusals = new WeakMap<object, unknown>();

/** The producer, or its refusal: then it is closed, in its turn among what else happens to the transport. */
export function unlessRefused(producer: types.Producer): types.Producer {
  if (!refusals.has(producer.appData)) return producer;
  producer.close();
  throw refusals.get(producer.appData);
}

async function announce(signalling: Signalling, fields: ActionInput<'produce'>): Promise<Replies['produce']> {
  const say = (what: ActionInput<'produce'>) => insist(() => signalling.request('produce', what));
  try {
    return await say(fields);
  } catch (error) {
    if (!isUnvouched(error)) throw error;
    const { replaces: _, ...anew } = fields;
    return say(anew);
  }
}

/** A gateway that took us up when our node was gone already does not know what was ours: then it is a new producer. */
const isUnvouched = (error: unknown): boolean =>
  error instanceof SluiceClientError &&
  error.code === 'badRequest' &&
  (error.details as { path?: string } | undefined)?.path === 'replaces';

const isUnknown = (error: unknown): boolean =>
  error instanceof SluiceClientError && (error.code === 'transportNotFound' || error.code === 'timedOut');
