import { expect, test } from 'vitest';
import { askForKeyFrames } from '../../../../apps/media-node/src/mediasoup/key-frames.ts';
import type { types } from '../../../../apps/media-node/src/mediasoup/types.ts';

const asked: string[] = [];

function consumer(name: string, of: Partial<types.Consumer> = {}): types.Consumer {
  const requestKeyFrame = async () => void asked.push(name);
  const common = { kind: 'video', type: 'simple', producerId: 'cam', paused: false, producerPaused: false };
  return { ...common, ...of, requestKeyFrame } as unknown as types.Consumer;
}

const askedFor = (...consumers: types.Consumer[]): string[] => {
  asked.length = 0;
  askForKeyFrames(consumers);
  return [...asked];
};

test('[NO61] a key frame is asked for once a producer, however many watch it', () => {
  const watching = Array.from({ length: 50 }, (_, index) => consumer(`viewer ${index}`));
  expect(askedFor(...watching, consumer('of another', { producerId: 'screen' }))).toEqual(['viewer 0', 'of another']);
});

test('[NO61] once a spatial layer that somebody watches', () => {
  const layer = (spatialLayer: number) => ({ type: 'simulcast' as const, currentLayers: { spatialLayer } });
  const watching = [consumer('low', layer(0)), consumer('high', layer(2)), consumer('high too', layer(2))];
  expect(askedFor(...watching)).toEqual(['low', 'high']);
});

test('[NO61] by one pipe where there is one, which carries all layers', () => {
  const watching = [consumer('viewer'), consumer('pipe', { type: 'pipe' }), consumer('other pipe', { type: 'pipe' })];
  expect(askedFor(...watching)).toEqual(['pipe']);
});

test('[NO61] not for sound, nor for what is paused', () => {
  const idle = [consumer('sound', { kind: 'audio' }), consumer('paused', { paused: true })];
  expect(askedFor(...idle, consumer('muted', { producerPaused: true }))).toEqual([]);
});
