import type { ConsumerInfo } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import { deferred } from '../base/deferred.ts';
import { SluiceClientError } from '../base/errors.ts';
import { toLocalRtpParameters } from './wire.ts';

/** The answer to a `consume`, and the transport that its consumers are for. */
export interface Consumed {
  transport: types.Transport;
  consumers: ConsumerInfo[];
  failed: { producerId: string; code: string }[];
}

export interface Built {
  info: ConsumerInfo;
  consumer: types.Consumer;
}

export interface Building {
  built: Built[];
  /** The browser would not take these; it keeps the others. */
  refused: { info: ConsumerInfo; error: SluiceClientError }[];
}

/** Builds all in one tick, which makes them one offer and answer in the browser. Rejects when the transport closes. */
export async function buildConsumers(
  transport: types.Transport,
  infos: readonly ConsumerInfo[],
  sourceOf: (info: ConsumerInfo) => string | undefined,
): Promise<Building> {
  const built: Built[] = [];
  const refused: Building['refused'] = [];
  const all = infos.map(async (info) => {
    try {
      built.push({ info, consumer: await build(transport, info, sourceOf(info)) });
    } catch (thrown) {
      refused.push({ info, error: unusable(thrown) });
    }
  });
  await orClosed(transport, Promise.all(all));
  if (transport.closed) throw new SluiceClientError('mediaFailed', 'The transport was closed.');
  return { built, refused };
}

/** The same parameters would be refused again. */
function unusable(thrown: unknown): SluiceClientError {
  const { message } = SluiceClientError.from(thrown, 'mediaFailed');
  return new SluiceClientError('mediaFailed', message, { temporary: false, cause: thrown });
}

function build(transport: types.Transport, info: ConsumerInfo, source: string | undefined): Promise<types.Consumer> {
  const { id, producerId, kind } = info;
  const rtpParameters = toLocalRtpParameters(info.rtpParameters);
  return transport.consume({ id, producerId, kind, rtpParameters, streamId: syncGroup(info.peerId, source) });
}

/**
 * Tracks with the same name here are played in step: a peer's camera with its microphone, its screen with that sound.
 * By default it would be the sender's CNAME, which changes when a peer moves. Letters that SDP forbids are replaced.
 */
function syncGroup(peerId: string, source: string | undefined): string {
  return `${peerId.replaceAll(/[:@]/g, '_')}${source?.startsWith('screen') ? '-screen' : ''}`;
}

/** mediasoup-client leaves a `consume` unsettled when its transport closes under it. */
function orClosed<T>(transport: types.Transport, work: Promise<T>): Promise<T> {
  const { promise, reject } = deferred<never>();
  const onClose = (): void => reject(new SluiceClientError('mediaFailed', 'The transport was closed.'));
  transport.observer.on('close', onClose);
  return Promise.race([work, promise]).finally(() => transport.observer.off('close', onClose));
}
