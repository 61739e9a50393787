import { EventEmitter } from 'node:events';
import { Connection } from '@sluice/client';
import type { MediaPlace } from '../../../packages/client/src/media-place.ts';
import { fakeSockets } from './fake-socket.ts';

/** A consumer as far as a subscription uses one. */
class FakeConsumer extends EventEmitter {
  readonly track = {};
  closed = false;

  close(): void {
    this.closed = true;
  }
}

/** A receiving transport whose consumers are there when the test says so. */
export class FakeTransport extends EventEmitter {
  readonly id = 'recv-1';
  readonly observer = new EventEmitter();
  readonly consumers = new Map<string, FakeConsumer>();
  readonly asked: { id: string; streamId?: string }[] = [];
  readonly #gate = Promise.withResolvers<void>();

  async consume(options: { id: string; streamId?: string }): Promise<FakeConsumer> {
    this.asked.push(options);
    await this.#gate.promise;
    const consumer = new FakeConsumer();
    this.consumers.set(options.id, consumer);
    return consumer;
  }

  build(): void {
    this.#gate.resolve();
  }
}

export async function fakePlace() {
  const { made, WebSocket } = fakeSockets();
  const connection = await Connection.open('ws://gateway/ws', { WebSocket });
  const transport = new FakeTransport();
  const place = {
    transport: async () => transport,
    device: async () => ({ recvRtpCapabilities: { codecs: [], headerExtensions: [] } }),
  } as unknown as MediaPlace;
  return { connection, socket: made[0]!, transport, place };
}
