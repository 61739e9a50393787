import type { PublishOptions } from '@sluice/client';

type Codec = NonNullable<PublishOptions['codec']>;

const parameters: Record<string, Codec['parameters']> = {
  'video/VP9': { 'profile-id': 0 },
  'video/H264': { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
};

/** As `transport.produce` picks one out of those that browser and node share. The payload type is not compared. */
export function codecNamed(mimeType: string): Codec {
  return {
    kind: 'video',
    mimeType: mimeType,
    clockRate: 90_000,
    preferredPayloadType: 96,
    parameters: parameters[mimeType] ?? {},
  };
}
