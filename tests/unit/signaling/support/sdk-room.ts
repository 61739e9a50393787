import { joinRoom, type Room } from '@sluice/client';
import type { SocketListener } from '../../../../apps/signaling/src/socket/socket.ts';
import { FakeSocket } from './fake-socket.ts';
import type { TestGateway } from './world.ts';

/** The SDK's room on a gateway without ports: what the one sends, the other is given in a later turn. */
export async function sdkRoom(gateway: TestGateway): Promise<{ room: Room; socket: FakeSocket }> {
  const sockets: FakeSocket[] = [];
  class BridgedSocket extends EventTarget {
    readonly #listener: SocketListener;

    constructor() {
      super();
      const socket = new FakeSocket();
      sockets.push(socket);
      socket.onFrame = (text) => this.#later(new MessageEvent('message', { data: text }));
      socket.onEnd = (code) => this.#later(Object.assign(new Event('close'), { code, reason: '' }));
      this.#listener = gateway.switchboard.open(socket);
      socket.listener = this.#listener;
      this.#later(new Event('open'));
    }

    send(text: string): void {
      setImmediate(() => this.#listener.text(text));
    }

    close(): void {
      sockets.at(-1)?.disconnect();
    }

    #later(event: Event): void {
      setImmediate(() => this.dispatchEvent(event));
    }
  }
  const WebSocket = BridgedSocket as unknown as new (url: string) => WebSocket;
  const room = await joinRoom({ url: 'ws://gateway/ws', room: 'demo', WebSocket, autoSubscribe: false });
  return { room, socket: sockets[0] as FakeSocket };
}
