import { askNode, type Handler, ok } from './call.ts';

export const pauseConsumer: Handler<'pauseConsumer'> = async (call) => {
  await askNode(call, 'pauseConsumers', call.fields);
  return ok('pauseConsumer');
};

export const resumeConsumer: Handler<'resumeConsumer'> = async (call) => {
  await askNode(call, 'resumeConsumers', call.fields);
  return ok('resumeConsumer');
};

export const closeConsumer: Handler<'closeConsumer'> = async (call) => {
  await askNode(call, 'closeConsumers', call.fields);
  return ok('closeConsumer');
};

export const setPreferredLayers: Handler<'setPreferredLayers'> = async (call) => {
  await askNode(call, 'setPreferredLayers', call.fields);
  return ok('setPreferredLayers');
};

export const setPriority: Handler<'setPriority'> = async (call) => {
  await askNode(call, 'setPriority', call.fields);
  return ok('setPriority');
};

export const requestKeyFrame: Handler<'requestKeyFrame'> = async (call) => {
  await askNode(call, 'requestKeyFrame', call.fields);
  return ok('requestKeyFrame');
};
