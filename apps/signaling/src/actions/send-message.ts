import { askNode, type Handler } from './call.ts';

export const sendMessage: Handler<'sendMessage'> = async (call) => {
  const { seq } = await askNode(call, 'sendMessage', call.fields);
  return { type: 'messageSent', seq };
};
