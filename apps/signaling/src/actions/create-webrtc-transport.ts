import { askNode, type Handler } from './call.ts';

export const createWebRtcTransport: Handler<'createWebRtcTransport'> = async (call) => {
  const transport = await askNode(call, 'createTransport', call.fields);
  return call.fields.direction === 'send'
    ? { type: 'producerTransport', producerTransport: transport }
    : { type: 'consumerTransport', consumerTransport: transport };
};
