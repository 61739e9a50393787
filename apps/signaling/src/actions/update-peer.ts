import { askNode, type Handler, ok } from './call.ts';

export const updatePeer: Handler<'updatePeer'> = async (call) => {
  await askNode(call, 'updatePeer', call.fields);
  return ok('updatePeer');
};
