import { askNode, type Handler, ok } from './call.ts';

export const pauseProducer: Handler<'pauseProducer'> = async (call) => {
  await askNode(call, 'pauseProducer', call.fields);
  return ok('pauseProducer');
};

export const resumeProducer: Handler<'resumeProducer'> = async (call) => {
  await askNode(call, 'resumeProducer', call.fields);
  return ok('resumeProducer');
};

export const closeProducer: Handler<'closeProducer'> = async (call) => {
  await askNode(call, 'closeProducer', call.fields);
  return ok('closeProducer');
};
