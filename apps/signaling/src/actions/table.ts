import type { SeatedName } from '../session/state.ts';
import { ok, type SeatHandler } from './call.ts';
import { forward, forwardPlain } from './forward.ts';
import { moved } from './moved.ts';
import { consume } from './consume.ts';
import { produce } from './produce.ts';

/** The actions of those who have a seat, but for `leave`. Most of them are their node's to do. */
export const seatedHandlers = {
  createWebRtcTransport: forward('createTransport', (transport, { fields }) =>
    fields.direction === 'send'
      ? { type: 'producerTransport', producerTransport: transport }
      : { type: 'consumerTransport', consumerTransport: transport },
  ),
  connectTransport: forward('connectTransport', (_result, { fields: { transportId } }) => ({
    type: 'transportConnected',
    transportId,
  })),
  restartIce: forward('restartIce', ({ iceParameters }, { fields: { transportId } }) => ({
    type: 'iceRestarted',
    transportId,
    iceParameters,
  })),

  closeTransport: forwardPlain('closeTransport'),

  produce,
  pauseProducer: forwardPlain('pauseProducer'),
  resumeProducer: forwardPlain('resumeProducer'),
  closeProducer: forwardPlain('closeProducer'),

  consume,
  pauseConsumer: forwardPlain('pauseConsumers'),
  resumeConsumer: forwardPlain('resumeConsumers'),
  closeConsumer: forwardPlain('closeConsumers'),
  setPreferredLayers: forwardPlain('setPreferredLayers'),
  setPriority: forwardPlain('setPriority'),
  requestKeyFrame: forwardPlain('requestKeyFrame'),

  produceData: forward('produceData', ({ dataProducerId }) => ({ type: 'dataProduced', dataProducerId })),
  consumeData: forward('consumeData', (consumer) => ({ ...consumer, type: 'dataConsumed' })),
  closeDataProducer: forwardPlain('closeDataProducer'),
  closeDataConsumer: forwardPlain('closeDataConsumer'),

  sendMessage: forward('sendMessage', ({ seq }) => ({ type: 'messageSent', seq })),
  updatePeer: forwardPlain('updatePeer'),
  getStats: forward('getStats', ({ stats }) => ({ type: 'stats', stats })),
  moved,
  // A page can't see the WebSocket's own pings: this is how it knows that its gateway lives.
  ping: async (call) => ok(call),
} satisfies { [A in Exclude<SeatedName, 'leave'>]: SeatHandler<A> };
