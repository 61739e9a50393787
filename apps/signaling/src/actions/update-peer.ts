import { askNode, type Handler, ok } from './handler.ts';

export const updatePeer: Handler<'updatePeer'> = async (call) => {
  await askNode(call, 'updatePeer', call.fields);
  return ok('updatePeer');
};
