import { setTimeout as wait } from 'node:timers/promises';
import { Connection } from '@sluice/client';
import { eventually } from '@sluice/shared/testing';
import type { Fault, Scene } from '../fault.ts';

/** What Bob says while Ada has no connection. She must hear it once, and in order. */
async function talksMeanwhile({ bob, ada, note, problem }: Scene, lines: number, meanwhile: () => Promise<void>) {
  const heard = ada.messages.length;
  const said = (async () => {
    for (let line = 0; line < lines; line++) {
      await bob.room.sendMessage({ meanwhile: line });
      await wait(20);
    }
  })();
  await meanwhile();
  await said;
  const got = (): number[] =>
    ada.messages
      .slice(heard)
      .map(({ payload }) => (payload as { meanwhile?: number }).meanwhile)
      .filter((line) => line !== undefined);
  await eventually('all of it', () => got().length >= lines, { withinMs: 10_000 }).catch(() => undefined);
  if (got().join() !== Array.from({ length: lines }, (_, line) => line).join()) problem(`heard [${got().join()}]`);
  const downMs = Math.max(0, ...ada.downtimesMs);
  note('without a connection', downMs);
}

const reconnected = ({ ada }: Scene, withinMs = 20_000) =>
  eventually('Ada to be back', () => ada.downtimesMs.length > 0, { withinMs });

export const gatewayFaults: readonly Fault[] = [
  {
    id: '8',
    name: 'a gateway is killed',
    how: '`kill -9`, while a peer of another gateway sends messages',
    expect: 'media without a lost packet; resumed on another gateway within 1.5 s; messages once and in order',
    touchesMedia: false,
    runs: 10,
    fast: true,
    async act(scene) {
      await talksMeanwhile(scene, 20, async () => {
        scene.gateway.kill('SIGKILL');
        await reconnected(scene);
      });
      if (Math.max(...scene.ada.downtimesMs) > 1500) scene.problem('it took more than 1.5 s to resume');
    },
  },
  {
    id: '9',
    name: 'a gateway freezes for 12 s',
    how: 'SIGSTOP, then SIGCONT',
    expect:
      'media without a lost packet; a client that asks it for something finds out within 6 s, and resumes on another gateway',
    touchesMedia: false,
    runs: 3,
    async act(scene) {
      await talksMeanwhile(scene, 20, async () => {
        scene.gateway.kill('SIGSTOP');
        // A client that says nothing notices nothing. This one asks for something.
        void scene.ada.room.updateSelf({ metadata: { frozen: true } }).catch(() => undefined);
        await reconnected(scene, 25_000).catch(() => scene.problem('Ada did not come back'));
        scene.gateway.kill('SIGCONT');
      });
    },
  },
  {
    id: '10',
    name: 'all gateways are replaced, one after the other',
    how: 'SIGTERM each, and start it again',
    expect: 'media without a lost packet; every client is connected again within a second or two',
    touchesMedia: false,
    allTouched: true,
    runs: 3,
    async act(scene) {
      const { stage, ada, bob } = scene;
      await talksMeanwhile(scene, 40, async () => {
        for (const [index, gateway] of stage.gateways.entries()) {
          gateway.kill('SIGTERM');
          await gateway.exited;
          await stage.cluster.startGateway(index);
          await stage.ready();
        }
      });
      scene.note('longest without a connection', Math.max(0, ...ada.downtimesMs, ...bob.downtimesMs));
    },
  },
  {
    id: '34',
    name: 'no gateway can be reached for 10 s, media can',
    how: "the client's way to every gateway is cut, and comes back",
    expect: 'media without a lost packet; resumed, with all that was said meanwhile',
    touchesMedia: false,
    runs: 2,
    async act(scene) {
      await talksMeanwhile(scene, 20, async () => {
        for (const front of scene.stage.fronts) front.cut();
        await wait(10_000);
        for (const front of scene.stage.fronts) front.heal();
        await reconnected(scene);
      });
    },
  },
  {
    id: '35',
    name: 'the same session comes twice',
    how: 'a second `resume` with the same token, by another gateway, while the first connection stands',
    expect: 'the newest wins and the older is closed with 4504; the other peers are not told',
    touchesMedia: false,
    runs: 3,
    fast: true,
    async act({ stage, ada, bob, problem }) {
      const [first, second] = stage.socketsFrom(0);
      const old = await Connection.open(first ?? '');
      const { room, peerId, resumeToken, epoch, seq } = await old.request('join', { room: ada.room.id });
      await eventually('Bob to see it', () => bob.room.peers.has(peerId));
      let told = 0;
      const off = bob.room.on('peerLeft', () => told++);
      const closed = new Promise<number>((resolve) => old.on('closed', ({ code }) => resolve(code)));
      const again = await Connection.open(second ?? '');
      await again.request('resume', { room, peerId, resumeToken, epoch, seq });
      if ((await closed) !== 4504) problem(`the older one was closed with ${await closed}`);
      await again.request('sendMessage', { payload: 'it is me' });
      off();
      if (told > 0) problem('Bob was told that a peer left');
      await again.request('leave', {});
      again.close();
    },
  },
];
