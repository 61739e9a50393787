import type { ProducerInfo, Room } from '@sluice/client';
import { displayName } from '../tiles/stage.ts';
import { announce } from '../parts/announcer.ts';

export interface AnnouncementsOptions {
  nameOf: (peerId: string) => string;
}

/** A screen reader need not announce of each change of speaker. */
const speakersApartMs = 10_000;

/** Tells those who hear the page, instead of seeing it, who comes, goes, shares and speaks. */
export function announceRoom(room: Room, { nameOf }: AnnouncementsOptions): void {
  room.on('peerJoined', ({ peerId }) => announce(`${nameOf(peerId)} joined`));
  room.on('peerLeft', ({ peer }) => announce(`${displayName(peer.name)} left`));
  room.on('producerAdded', ({ peer, producer }) => {
    if (isScreen(producer) && producer.replaces === undefined) announce(`${nameOf(peer.peerId)} shares a screen`);
  });
  room.on('producerClosed', ({ peer, producer }) => {
    const goesOn = [...peer.producers.values()].some(isScreen);
    if (isScreen(producer) && !goesOn) announce(`${nameOf(peer.peerId)} stopped sharing`);
  });
  room.on('peerUpdated', ({ peerId, connection }) => {
    if (connection === 'lost') announce(`The connection of ${nameOf(peerId)} is interrupted`);
  });
  announceSpeakers(room, nameOf);
}

function announceSpeakers(room: Room, nameOf: AnnouncementsOptions['nameOf']): void {
  let last: string | undefined;
  let saidAt = -speakersApartMs;
  room.on('activeSpeakers', (speakers) => {
    const loudest = speakers[0]?.peerId;
    if (loudest === undefined || loudest === last || loudest === room.peerId) return;
    if (performance.now() - saidAt < speakersApartMs) return;
    last = loudest;
    saidAt = performance.now();
    announce(`${nameOf(loudest)} speaks`);
  });
}

const isScreen = ({ source }: ProducerInfo): boolean => source === 'screen';
