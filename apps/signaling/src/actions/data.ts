import { askNode, type Handler, ok } from './call.ts';

export const produceData: Handler<'produceData'> = async (call) => {
  const { dataProducerId } = await askNode(call, 'produceData', call.fields);
  return { type: 'dataProduced', dataProducerId };
};

export const consumeData: Handler<'consumeData'> = async (call) => {
  const consumer = await askNode(call, 'consumeData', call.fields);
  return { ...consumer, type: 'dataConsumed' };
};

export const closeDataProducer: Handler<'closeDataProducer'> = async (call) => {
  await askNode(call, 'closeDataProducer', call.fields);
  return ok('closeDataProducer');
};

export const closeDataConsumer: Handler<'closeDataConsumer'> = async (call) => {
  await askNode(call, 'closeDataConsumer', call.fields);
  return ok('closeDataConsumer');
};
