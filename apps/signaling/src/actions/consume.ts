import { askNode, type Handler } from './call.ts';

export const consume: Handler<'consume'> = async (call) => {
  const { consumers, failed } = await askNode(call, 'consume', call.fields);
  return { type: 'consumed', consumers, failed };
};
