import type { ActionName } from '@sluice/shared/protocol';
import { closeConsumer, pauseConsumer, requestKeyFrame, resumeConsumer } from './change-consumer.ts';
import { setPreferredLayers, setPriority } from './change-consumer.ts';
import { closeProducer, pauseProducer, resumeProducer } from './change-producer.ts';
import { connectTransport } from './connect-transport.ts';
import { consume } from './consume.ts';
import { createWebRtcTransport } from './create-webrtc-transport.ts';
import { closeDataConsumer, closeDataProducer, consumeData, produceData } from './data.ts';
import { getStats } from './get-stats.ts';
import type { Handler } from './call.ts';
import { join } from './join.ts';
import { leave } from './leave.ts';
import { moved } from './moved.ts';
import { produce } from './produce.ts';
import { restartIce } from './restart-ice.ts';
import { resume } from './resume.ts';
import { sendMessage } from './send-message.ts';
import { updatePeer } from './update-peer.ts';

/** Who does what. An action that nobody does doesn't compile. */
export const handlers = {
  join,
  resume,
  createWebRtcTransport,
  connectTransport,
  restartIce,
  produce,
  pauseProducer,
  resumeProducer,
  closeProducer,
  consume,
  pauseConsumer,
  resumeConsumer,
  closeConsumer,
  setPreferredLayers,
  setPriority,
  requestKeyFrame,
  produceData,
  consumeData,
  closeDataProducer,
  closeDataConsumer,
  sendMessage,
  updatePeer,
  getStats,
  moved,
  leave,
} satisfies { [A in ActionName]: Handler<A> };
