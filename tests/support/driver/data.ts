import type { DataPublication } from '@sluice/client';

/** The channels of this tab, by label. */
export const channels = new Map<string, DataPublication>();

const heard = new Map<string, string[]>();

export function answer(dataProducerId: string, message: string | ArrayBuffer): void {
  const texts = heard.get(dataProducerId) ?? [];
  heard.set(dataProducerId, texts);
  texts.push(typeof message === 'string' ? message : `${message.byteLength} bytes`);
}

/** What has come over somebody's channel so far. */
export function carried(dataProducerId: string): string[] {
  return heard.get(dataProducerId) ?? [];
}
