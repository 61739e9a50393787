import type { JoinedReply } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import { DataChannels } from '../data/data-channels.ts';
import { Emitter } from '../base/emitter.ts';
import type { Line } from '../line/line.ts';
import { MediaPlace } from '../media/media-place.ts';
import { NoticingSignalling } from '../media/noticing.ts';
import { Mover } from '../moving/mover.ts';
import type { MediaOutageEvents } from '../moving/renewal.ts';
import { Publisher } from '../publish/publisher.ts';
import { AutoSubscriber } from '../subscribe/auto-subscriber.ts';
import { Subscriber } from '../subscribe/subscriber.ts';
import type { RoomParts } from './room-dispatch.ts';
import { producerIn, type RoomPicture } from './room-picture.ts';

export interface PartsOptions {
  joined: JoinedReply;
  line: Line;
  picture: RoomPicture;
  autoSubscribe: boolean;
  handlerFactory: types.HandlerFactory | undefined;
  emitter: RoomParts['emitter'];
  /** Whether the room still lasts. */
  lasts: () => boolean;
  finish: RoomParts['finish'];
}

/** Puts together what a room consists of. */
export function createParts(options: PartsOptions): RoomParts & { automatic: AutoSubscriber } {
  const { joined, line, picture, handlerFactory, emitter, finish } = options;
  const signalling = new NoticingSignalling(line, (id) => mover.transportClosed(id, 'transportNotFound'));
  const place = new MediaPlace(signalling, { ...joined, handlerFactory });
  const publisher = new Publisher(signalling, place);
  const subscriber = new Subscriber(signalling, place);
  const data = new DataChannels(signalling, place);
  const { iceServers, peerId: selfId } = joined;
  const mover = new Mover({
    ...{ signalling, place, iceServers, handlerFactory, publisher, subscriber, data },
    emitter: outagesTold(emitter),
    onError: (error) => emitter.emit('error', error),
  });
  const automatic = createAutomatic(options, subscriber);
  const offered: RoomParts['offered'] = ({ peerId }, { producerId, kind }) => {
    if (options.autoSubscribe && kind !== 'data' && peerId !== selfId) automatic.offer(producerId);
  };
  return { selfId, picture, line, mover, publisher, subscriber, data, emitter, offered, finish, automatic };
}

/** What a mover says of the network goes out as the room's events. */
function outagesTold(room: RoomParts['emitter']): Emitter<MediaOutageEvents> {
  const outages = new Emitter<MediaOutageEvents>();
  outages.on('mediaInterrupted', (value) => room.emit('mediaInterrupted', value));
  outages.on('mediaRestored', (value) => room.emit('mediaRestored', value));
  outages.on('mediaFailed', (value) => room.emit('mediaFailed', value));
  return outages;
}

function createAutomatic({ picture, emitter, lasts }: PartsOptions, subscriber: Subscriber): AutoSubscriber {
  const ownerOf = (producerId: string): string => producerIn(picture.peers, producerId)?.peer.peerId ?? '';
  return new AutoSubscriber({
    subscribe: (producerId) => subscriber.subscribe(producerId, producerIn(picture.peers, producerId)?.producer.source),
    stillWanted: (producerId) => lasts() && producerIn(picture.peers, producerId) !== undefined,
    onSubscribed: (subscription) => emitter.emit('subscribed', subscription),
    onFailed: (producerId, error) =>
      emitter.emit('subscribeFailed', { peerId: ownerOf(producerId), producerId, error }),
  });
}
