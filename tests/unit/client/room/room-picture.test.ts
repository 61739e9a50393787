import type { ClientRoomEvent, PeerInfo, ProducerInfo } from '@sluice/shared/protocol';
import { describe, expect, test } from 'vitest';
import { RoomPicture } from '../../../../packages/client/src/room/room-picture.ts';

const camera: ProducerInfo = { producerId: 'cam', kind: 'video', source: 'camera', paused: false };
const ada: PeerInfo = { peerId: 'ada', name: 'Ada', node: 'node-1', producers: [camera] };

type Unnumbered<E = ClientRoomEvent> = E extends unknown ? Omit<E, 'epoch' | 'seq'> : never;

function picture(peers: PeerInfo[] = [ada]) {
  const room = new RoomPicture({ room: 'demo', epoch: 3, seq: 10, peers });
  let seq = 10;
  const happens = (event: Unnumbered) => room.apply({ ...event, epoch: 3, seq: ++seq });
  return { room, happens };
}

describe('the picture of a room', () => {
  test('begins with the snapshot', () => {
    const { room } = picture();
    expect(room.peers.get('ada')).toMatchObject({ name: 'Ada', node: 'node-1' });
    expect(room.peers.get('ada')?.producers.get('cam')).toEqual(camera);
    expect([room.epoch, room.seq]).toEqual([3, 10]);
  });

  test('follows people', () => {
    const { room, happens } = picture();
    happens({ type: 'peerJoined', peerId: 'bob', name: 'Bob', node: 'node-2' });
    happens({ type: 'peerUpdated', peerId: 'ada', name: 'Countess', node: 'node-2' });
    const bob = { peerId: 'bob', name: 'Bob', node: 'node-2' };
    expect(room.peers.get('bob')).toEqual({ ...bob, connection: 'here', producers: new Map() });
    expect(room.peers.get('ada')).toMatchObject({ name: 'Countess', node: 'node-2' });
    expect(room.peers.get('ada')?.producers.size).toBe(1);
    happens({ type: 'peerLeft', peerId: 'ada', reason: 'left' });
    expect([...room.peers.keys()]).toEqual(['bob']);
    expect(room.seq).toBe(13);
  });

  test('[CK11] says whose connection is interrupted, and when it is back', () => {
    const { room, happens } = picture();
    const connection = () => room.peers.get('ada')?.connection;
    expect(connection()).toBe('here');
    happens({ type: 'peerUpdated', peerId: 'ada', name: 'Ada', node: 'node-1', connection: 'lost' });
    expect(connection()).toBe('lost');
    happens({ type: 'peerUpdated', peerId: 'ada', name: 'Ada', node: 'node-1', connection: 'here' });
    expect(connection()).toBe('here');
    expect(picture([{ ...ada, connection: 'lost' }]).room.peers.get('ada')?.connection).toBe('lost');
  });

  test('follows producers and data producers', () => {
    const { room, happens } = picture();
    const producers = () => room.peers.get('ada')!.producers;
    happens({ type: 'producerPaused', peerId: 'ada', producerId: 'cam' });
    expect(producers().get('cam')?.paused).toBe(true);
    happens({ type: 'producerResumed', peerId: 'ada', producerId: 'cam' });
    expect(producers().get('cam')?.paused).toBe(false);
    happens({ type: 'producerAdded', peerId: 'ada', producerId: 'mic', kind: 'audio', paused: true });
    happens({ type: 'dataProducerAdded', peerId: 'ada', dataProducerId: 'd', label: 'l', protocol: '' });
    expect([...producers().keys()]).toEqual(['cam', 'mic', 'd']);
    expect(producers().get('d')).toMatchObject({ kind: 'data', label: 'l' });
    happens({ type: 'producerClosed', peerId: 'ada', producerId: 'cam' });
    happens({ type: 'dataProducerClosed', peerId: 'ada', dataProducerId: 'd' });
    expect([...producers().keys()]).toEqual(['mic']);
  });

  test('takes no event twice, nor one of a room that was there before', () => {
    const { room } = picture();
    const left = { type: 'peerLeft', peerId: 'ada', reason: 'left' } as const;
    expect(room.apply({ ...left, epoch: 3, seq: 10 })).toBe(false);
    expect(room.apply({ ...left, epoch: 2, seq: 99 })).toBe(false);
    expect(room.peers.has('ada')).toBe(true);
    expect(room.apply({ ...left, epoch: 3, seq: 14 })).toBe(true);
    expect(room.seq).toBe(14);
  });

  test('counts an event of a type that it does not know', () => {
    const { room } = picture();
    expect(room.apply({ type: 'fireworks', epoch: 3, seq: 11 } as unknown as ClientRoomEvent)).toBe(true);
    expect(room.seq).toBe(11);
  });
});
