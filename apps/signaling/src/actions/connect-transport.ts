import { askNode, type Handler } from './call.ts';

/** `role` says what the node knows already. */
export const connectTransport: Handler<'connectTransport'> = async (call) => {
  const { transportId, dtlsParameters } = call.fields;
  await askNode(call, 'connectTransport', { transportId, dtlsParameters });
  return { type: 'transportConnected', transportId };
};
