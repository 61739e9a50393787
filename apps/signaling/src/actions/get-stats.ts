import { askNode, type Handler } from './call.ts';

export const getStats: Handler<'getStats'> = async (call) => {
  const { stats } = await askNode(call, 'getStats', call.fields);
  return { type: 'stats', stats };
};
