import { askNode, type Handler } from './call.ts';

export const restartIce: Handler<'restartIce'> = async (call) => {
  const { iceParameters } = await askNode(call, 'restartIce', call.fields);
  return { type: 'iceRestarted', transportId: call.fields.transportId, iceParameters };
};
