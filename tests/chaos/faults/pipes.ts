import { joinRoom, type SluiceClientError } from '@sluice/client';
import { eventually } from '@sluice/shared/testing';
import { Person } from '../../support/native/person.ts';
import { nativeHandlers } from '../../support/native/handler.ts';
import { SourceTrack } from '../../support/native/tracks.ts';
import type { Fault, Scene } from '../fault.ts';

/** A peer that only watches, on the node and through the gateway with these indexes. */
const viewer = ({ stage, ada }: Scene, name: string, node: number, gateway: number): Promise<Person> =>
  Person.join({
    url: stage.socketsFrom(gateway),
    room: ada.room.id,
    name,
    node: `node-${node + 1}`,
    publishes: [],
  });

const seesAda = ({ ada }: Scene, person: Person, withinMs = 10_000): Promise<boolean> =>
  eventually(`${person.name} to see Ada`, () => person.from(ada, 'video')?.flows === true, { withinMs });

/** Asks for the media that these people do not have yet: a client that subscribes by itself tries again for a minute. */
async function refusalsOf(people: readonly Person[]): Promise<string[]> {
  const wanted = people
    .filter(({ receptions }) => receptions.size === 0)
    .flatMap(({ room }) =>
      [...room.peers.values()].flatMap(({ producers }) => [...producers.keys()].map((id) => room.subscribe(id))),
    );
  const answers = await Promise.allSettled(wanted);
  return answers.flatMap((one) => (one.status === 'rejected' ? [(one.reason as SluiceClientError).code] : []));
}

export const pipeFaults: readonly Fault[] = [
  {
    id: '28',
    name: 'a node is killed while a pipe to it is being made',
    how: '`kill -9` up to 40 ms after a peer on it began to consume a producer of another node',
    expect: 'the half of the pipe that was made is swept; the peers of the node go on elsewhere',
    touchesMedia: true,
    barMs: 1000,
    runs: 3,
    async act(scene) {
      const { stage, node, random, bob } = scene;
      // Ada's node has no pipe for Cy's producer yet, and dies while it makes one.
      const cy = await Person.join({
        url: stage.socketsFrom(1),
        room: bob.room.id,
        name: 'Cy',
        node: 'node-3',
        publishes: [],
      });
      const track = new SourceTrack('audio');
      const publishing = cy.room.publish(track.asMediaStreamTrack, { source: 'microphone' });
      await publishing;
      const until = performance.now() + random() * 40;
      await eventually('the moment', () => performance.now() >= until, { everyMs: 1 });
      stage.signal(node, 'SIGKILL');
      await eventually('Ada to be moved', () => scene.ada.room.node !== node.name, { withinMs: 15_000 });
      await eventually('Ada to hear Cy', () => scene.ada.from(cy, 'audio')?.flows === true, { withinMs: 10_000 });
      track.stop();
      await cy.leave();
    },
  },
  {
    id: '29',
    name: 'a producer closes while its pipe is being made, and comes back',
    how: 'publish and unpublish, ten times, up to 30 ms apart, while a peer on another node subscribes to everything',
    expect: 'no orphan at either end; the last one is seen',
    touchesMedia: false,
    runs: 3,
    fast: true,
    async act(scene) {
      const { stage, ada, random } = scene;
      const watcher = await viewer(scene, 'Vi', 2, 1);
      const room = await joinRoom({
        url: stage.socketsFrom(0),
        room: ada.room.id,
        node: 'node-1',
        autoSubscribe: false,
        handlerFactory: nativeHandlers,
      });
      const track = new SourceTrack('audio');
      for (let round = 0; round < 10; round++) {
        const publication = await room.publish(track.asMediaStreamTrack);
        const until = performance.now() + random() * 30;
        await eventually('the moment', () => performance.now() >= until, { everyMs: 1 });
        await publication.close();
      }
      await room.publish(track.asMediaStreamTrack);
      await eventually('the last one to be heard', () => watcher.receptions.get(`${room.peerId}/audio`)?.flows, {
        withinMs: 10_000,
      });
      track.stop();
      await room.leave();
      await watcher.leave();
    },
  },
  {
    id: '30',
    name: 'two gateways ask for the same pipe at once',
    how: 'two viewers on one node, by two gateways, at the same instant',
    expect: 'one pipe, and both see',
    touchesMedia: false,
    runs: 3,
    fast: true,
    async act(scene) {
      const { stage, problem } = scene;
      const pipes = (): Promise<number> => stage.metric(stage.nodes[2]!, 'sfu_pipes', { scope: 'node' });
      const before = await pipes();
      const both = await Promise.all([viewer(scene, 'Vi', 2, 0), viewer(scene, 'Wu', 2, 1)]);
      await Promise.all(both.map((person) => seesAda(scene, person)));
      // To each of the two nodes that have something: one pair of routers each, whatever workers the two sit on.
      const made = (await pipes()) - before;
      if (made > 2) problem(`${made} pipes were made`);
      await Promise.all(both.map((person) => person.leave()));
    },
  },
  {
    id: '31',
    name: 'two gateways make the same room at once',
    how: 'two joins of a new room by two gateways at the same instant, 50 times',
    expect: 'one room: both are in it, and know each other',
    touchesMedia: false,
    runs: 3,
    fast: true,
    async act({ stage, ada, problem }) {
      for (let round = 0; round < 50; round++) {
        const room = `${ada.room.id}-${round}`;
        const url = (gateway: number) => stage.socketsFrom(gateway);
        // On a busy machine Redis may be late for one: that is refused as temporary, and asked again.
        const join = (gateway: number) =>
          eventually('a join', () => joinRoom({ url: url(gateway), room, autoSubscribe: false }), { withinMs: 15_000 });
        const [one, other] = await Promise.all([join(0), join(1)]);
        const met = () => one.peers.has(other.peerId) && other.peers.has(one.peerId);
        await eventually('the two to meet', met, { withinMs: 3000 }).catch(() =>
          problem(`room ${round} was made twice`),
        );
        await Promise.all([one.leave(), other.leave()]);
      }
    },
  },
  {
    id: '36',
    name: 'the ports of pipes are used up',
    how: 'nodes with six ports for pipes each, and calls across them until one is refused; then these end',
    expect: 'a typed refusal for the peers that come too late, nothing for the others; it works again at once',
    touchesMedia: false,
    runs: 3,
    stage: { workers: 2, settings: { PIPE_PORT_MIN: '45000', PIPE_PORT_MAX: '45005' } },
    async act(scene) {
      const { stage, ada, note, problem } = scene;
      const calls: Person[] = [];
      const refusals: string[] = [];
      const call = async (count: number): Promise<void> => {
        const room = `${ada.room.id}-call-${count}`;
        for (const node of [0, 2]) {
          const url = stage.socketsFrom(node % 2);
          const person = await Person.join({
            url,
            room,
            name: 'Caller',
            node: `node-${node + 1}`,
            publishes: ['audio'],
          });
          calls.push(person);
        }
      };
      for (let count = 0; count < 12 && refusals.length === 0; count++) {
        await call(count);
        const settled = async () => {
          refusals.push(...(await refusalsOf(calls)));
          return refusals.length > 0 || calls.every((person) => person.receptions.size > 0);
        };
        await eventually('a call, or a refusal', settled, { withinMs: 20_000, everyMs: 200 });
      }
      note('calls until one was refused', calls.length / 2);
      if (refusals[0] !== 'noCapacity') problem(`refused with ${refusals[0]}`);
      await Promise.all(calls.splice(0).map((person) => person.leave()));
      const works = async (): Promise<boolean> => {
        await call(99);
        const heard = () => calls.every((person) => person.receptions.size > 0);
        await eventually('a call', heard, { withinMs: 10_000 });
        await Promise.all(calls.splice(0).map((person) => person.leave()));
        return true;
      };
      await eventually('a call to work again', works, { withinMs: 20_000, everyMs: 200 });
    },
  },
];
