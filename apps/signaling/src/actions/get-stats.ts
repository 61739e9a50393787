import { askNode, type Handler } from './handler.ts';

export const getStats: Handler<'getStats'> = async (call) => {
  const { stats } = await askNode(call, 'getStats', call.fields);
  return { type: 'stats', stats };
};
