export * from './client/actions.ts';
export * from './client/messages.ts';
export type { Json } from './fields.ts';
export * from './media.ts';
export * from './room.ts';
