/** WebSocket close codes. The range says whether to come back: 4000–4499 reconnect, 4500–4999 don't. */
export const closeCodes = {
  goingAway: 4000,
  slowConsumer: 4001,
  internal: 4002,
  /** It was in no room for too long. */
  unjoined: 4003,
  unauthorized: 4500,
  kicked: 4501,
  roomClosed: 4502,
  protocolAbuse: 4503,
  resumedElsewhere: 4504,
} as const;

export type CloseCodeName = keyof typeof closeCodes;

/** True where a client should come back by itself. Codes below 4000 (a lost network, a killed gateway) say yes too. */
export function shouldReconnect(code: number): boolean {
  return code < 4500;
}
