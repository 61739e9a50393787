import { askNode, type Handler } from './handler.ts';

export const produce: Handler<'produce'> = async (call) => {
  const { producerId } = await askNode(call, 'produce', call.fields);
  return { type: 'produced', producerId };
};
