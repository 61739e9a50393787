import { LocalCluster } from '@sluice/local';
import type { PeerId, RoomId } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Network } from '../../support/native/network.ts';
import { Person } from '../../support/native/person.ts';
import { newRoom } from '../../support/clusters/use-stage.ts';

let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await LocalCluster.start({ nodes: 1, gateways: 1, workers: 1, port: 0, host: '127.0.0.1' });
});
afterAll(() => cluster?.stop());

// ICE consent takes 10 s.
const patient = { withinMs: 30_000 };

it('[NO46] a transport without a way to its client is kept with all that runs on it, and its ICE can be restarted', async () => {
  const [node] = cluster.nodes;
  const room = newRoom() as RoomId;
  // The client can't restart ICE by itself: nothing but the node decides what becomes of its transports.
  const network = new Network({ restartsIce: false });
  const url = `${cluster.url.replace('http', 'ws')}/ws`;
  const ann = await Person.join({ url, room, name: 'Ann', network });
  const bob = await Person.join({ url, room, name: 'Bob' });
  const peer = () => node?.slices.get(room)?.peers.get(ann.peerId as PeerId);
  const flows = (to: Person, from: Person) => (to.from(from, 'audio')?.count ?? 0) > 10;
  await eventually('sound both ways', () => flows(ann, bob) && flows(bob, ann), patient);
  const transports = [...(peer()?.transports.values() ?? [])].map(({ transport }) => transport);
  network.cut('udp', 'tcp');
  const states = () => transports.map(({ iceState }) => iceState);
  await eventually('the node to miss its client', () => states().join() === 'disconnected,disconnected', patient);
  expect(transports.map(({ closed }) => closed)).toEqual([false, false]);
  const { sessionId } = peer()!.record;
  for (const { id: transportId } of transports) {
    const params = { room, peerId: ann.peerId as PeerId, sessionId, transportId: transportId as never };
    const { iceParameters } = await node!.endpoint.call(node!.endpoint.inbox, 'restartIce', params, { ttlMs: 2000 });
    expect(iceParameters.usernameFragment).not.toBe('');
  }
  await ann.leave();
  await bob.leave();
}, 60_000);

it('[NO61] a client that comes back by another way is sent key frames, and asked for them, without its asking', async () => {
  const [node] = cluster.nodes;
  const room = newRoom() as RoomId;
  const url = `${cluster.url.replace('http', 'ws')}/ws`;
  const ann = await Person.join({ url, room, name: 'Ann' });
  const bob = await Person.join({ url, room, name: 'Bob' });
  const flows = (to: Person, from: Person) => (to.from(from, 'video')?.count ?? 0) > 10;
  await eventually('pictures both ways', () => flows(ann, bob) && flows(bob, ann), patient);
  const peer = (person: Person) => node!.slices.get(room)!.peers.get(person.peerId as PeerId)!;
  const asked = new Map([ann, bob].map((person) => [person, 0]));
  for (const person of [ann, bob]) {
    for (const { producer } of peer(person).producers.values()) {
      if (!('enableTraceEvent' in producer) || producer.kind !== 'video') continue;
      await producer.enableTraceEvent(['pli']);
      producer.on('trace', () => void asked.set(person, (asked.get(person) ?? 0) + 1));
    }
  }
  const { sessionId } = peer(ann).record;
  for (const { transport } of peer(ann).transports.values()) {
    const params = { room, peerId: ann.peerId as PeerId, sessionId, transportId: transport.id as never };
    await node!.endpoint.call(node!.endpoint.inbox, 'restartIce', params, { ttlMs: 2000 });
    // The worker says so when the first check comes by another way; which way that is makes no difference.
    transport.emit('iceselectedtuplechange', transport.iceSelectedTuple!);
  }
  await eventually('key frames of both', () => [...asked.values()].every((count) => count > 0), patient);
  await ann.leave();
  await bob.leave();
}, 60_000);
