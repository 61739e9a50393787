import type { Publication, Subscription } from '@sluice/client';

/** What one subscription has brought, by the browser's own figures. */
export interface Received {
  peerId: string;
  producerId: string;
  consumerId: string;
  kind: 'audio' | 'video';
  path: 'router' | 'worker' | 'node';
  type: string;
  codec: string;
  packets: number;
  framesDecoded: number;
  keyFramesDecoded: number;
  width: number;
  height: number;
  /** Of audio. Silence adds nothing; a second of the fake microphone's beeps adds about 0.01. */
  energy: number;
}

/** What one publication has sent, all its layers together. */
export interface Sent {
  producerId: string;
  kind: 'audio' | 'video';
  packets: number;
  framesEncoded: number;
  keyFramesEncoded: number;
  keyFramesAsked: number;
  /** Layers that the encoder makes now. */
  activeLayers: number;
}

type Entry = Record<string, unknown> & { type: string };

const number = (entry: Entry | undefined, name: string): number => Number(entry?.[name] ?? 0);

export async function inbound(subscription: Subscription): Promise<Received> {
  const { peerId, producerId, consumerId, kind, path, type } = subscription;
  const report = [...(await subscription.getStats()).values()] as Entry[];
  const entry = report.find((one) => one.type === 'inbound-rtp');
  const codec = report.find((one) => one['id'] === entry?.['codecId']);
  return {
    peerId,
    producerId,
    consumerId,
    kind,
    path,
    type,
    codec: String(codec?.['mimeType'] ?? ''),
    packets: number(entry, 'packetsReceived'),
    framesDecoded: number(entry, 'framesDecoded'),
    keyFramesDecoded: number(entry, 'keyFramesDecoded'),
    width: number(entry, 'frameWidth'),
    height: number(entry, 'frameHeight'),
    energy: number(entry, 'totalAudioEnergy'),
  };
}

export async function outbound(publication: Publication): Promise<Sent> {
  const report = [...(await publication.getStats()).values()] as Entry[];
  const layers = report.filter((one) => one.type === 'outbound-rtp');
  const sum = (name: string) => layers.reduce((total, layer) => total + number(layer, name), 0);
  return {
    producerId: publication.producerId,
    kind: publication.kind,
    packets: sum('packetsSent'),
    framesEncoded: sum('framesEncoded'),
    keyFramesEncoded: sum('keyFramesEncoded'),
    keyFramesAsked: sum('pliCount') + sum('firCount'),
    activeLayers: layers.filter((layer) => layer['active'] === true).length,
  };
}
