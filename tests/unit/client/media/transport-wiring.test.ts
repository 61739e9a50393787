import { EventEmitter } from 'node:events';
import { Connection } from '@sluice/client';
import { eventually } from '@sluice/shared/testing';
import type { types } from 'mediasoup-client';
import { describe, expect, test, vi } from 'vitest';
import { unlessRefused, wireTransport } from '../../../../packages/client/src/media/transport-wiring.ts';
import { fakeSockets } from '../support/fake-socket.ts';

type Answer = (value?: unknown) => void;

async function start(direction: 'send' | 'recv') {
  const { made, WebSocket } = fakeSockets();
  const connection = await Connection.open('ws://gateway/ws', { WebSocket });
  const transport = Object.assign(new EventEmitter(), { id: 't', direction });
  const onFailed = vi.fn<(cause: unknown) => void>();
  wireTransport(connection, transport as unknown as types.Transport, onFailed);
  /** Asks as mediasoup-client does, and says how it was answered. */
  const ask = (event: string, what: object) => {
    const answered = { done: vi.fn<Answer>(), failed: vi.fn<Answer>() };
    transport.emit(event, what, answered.done, answered.failed);
    return answered;
  };
  return { socket: made[0]!, ask, onFailed };
}

const dtlsParameters = { fingerprints: [] };
const refusal = { type: 'error', code: 'limitExceeded', message: 'Enough.', temporary: false };

describe('the wiring of a transport', () => {
  test.each([
    ['send', 'producer'],
    ['recv', 'consumer'],
  ] as const)('connects a %s transport as %s, and lets what follows go out at once', async (direction, role) => {
    const { socket, ask } = await start(direction);
    const connect = ask('connect', { dtlsParameters });
    expect(connect.done).toHaveBeenCalledOnce();
    expect(socket.sent[0]).toMatchObject({ action: 'connectTransport', transportId: 't', dtlsParameters, role });
  });

  test('produces without waiting for the connection', async () => {
    const { socket, ask } = await start('send');
    ask('connect', { dtlsParameters });
    const appData = { source: 'camera', paused: false };
    const produce = ask('produce', { kind: 'video', rtpParameters: {}, appData });
    expect(socket.actions()).toEqual(['connectTransport', 'produce']);
    expect(socket.sent[1]).toMatchObject({ transportId: 't', kind: 'video', source: 'camera', paused: false });
    socket.answer('produce', { type: 'produced', producerId: 'p' });
    await eventually('the answer', () => produce.done.mock.calls.length);
    expect(produce.done).toHaveBeenCalledWith({ id: 'p' });
  });

  test('[CK17] closes a producer that the server refused, in its turn, and says why', async () => {
    const { socket, ask } = await start('send');
    const appData = {};
    const produce = ask('produce', { kind: 'video', rtpParameters: {}, appData });
    socket.answer('produce', refusal);
    await eventually('the answer', () => produce.done.mock.calls.length);
    expect(produce.failed).not.toHaveBeenCalled();
    const producer = { appData, close: vi.fn<() => void>() };
    expect(() => unlessRefused(producer as unknown as types.Producer)).toThrow('Enough.');
    expect(producer.close).toHaveBeenCalledOnce();
  });

  test('reports a connection that was refused after it had been taken for granted', async () => {
    const { socket, ask, onFailed } = await start('send');
    ask('connect', { dtlsParameters });
    socket.answer('connectTransport', refusal);
    await eventually('the report', () => onFailed.mock.calls.length);
    expect(onFailed.mock.calls[0]?.[0]).toMatchObject({ code: 'limitExceeded' });
  });

  test('names a data channel', async () => {
    const { socket, ask } = await start('send');
    const produced = ask('producedata', { sctpStreamParameters: { streamId: 0 }, label: 'l', appData: {} });
    expect(socket.sent[0]).toMatchObject({ action: 'produceData', transportId: 't', label: 'l', protocol: '' });
    socket.answer('produceData', { type: 'dataProduced', dataProducerId: 'd' });
    await eventually('the answer', () => produced.done.mock.calls.length);
    expect(produced.done).toHaveBeenCalledWith({ id: 'd' });
  });
});
