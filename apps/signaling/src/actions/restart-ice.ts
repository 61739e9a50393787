import { askNode, type Handler } from './handler.ts';

export const restartIce: Handler<'restartIce'> = async (call) => {
  const { iceParameters } = await askNode(call, 'restartIce', call.fields);
  return { type: 'iceRestarted', transportId: call.fields.transportId, iceParameters };
};
