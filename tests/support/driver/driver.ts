// Runs in the test's tab: the client library, driven by the test in plain values. Bundled by ../media-page.ts.

import { encodingsFor, joinRoom, type Publication, type Room, type Subscription } from '@sluice/client';
import type { Json } from '@sluice/shared/protocol';
import { codecNamed } from './codecs.ts';
import { answer, carried, channels } from './data.ts';
import { inbound, outbound, type Received, type Sent } from './figures.ts';
import { type Noted, note, notes } from './notes.ts';
import { plainConsume, plainJoin, plainLeave, plainPublish, plainRestartIce, plainState } from './plain.ts';

export interface Join {
  url: string;
  room: string;
  node?: string;
  autoSubscribe?: boolean;
}

export interface Publish {
  audio?: boolean;
  video?: { width: number; height: number; frameRate?: number };
  /** As in `video/VP9`; the node's first choice by default. */
  codec?: string;
  simulcast?: boolean;
}

let room: Room | undefined;

const joined = (): Room => {
  if (!room) throw new Error('This tab is in no room.');
  return room;
};

function publication(kind: 'audio' | 'video'): Publication {
  for (const one of joined().publications.values()) if (one.kind === kind) return one;
  throw new Error(`No ${kind} is published.`);
}

function subscription(producerId: string): Subscription {
  for (const one of joined().subscriptions.values()) if (one.producerId === producerId) return one;
  throw new Error('This producer is not subscribed to.');
}

function watch(one: Subscription): void {
  const { producerId, kind } = one;
  note({ what: 'subscribed', producerId, kind });
  one.on('closed', (reason) => note({ what: 'ended', producerId, kind, reason, trackState: one.track.readyState }));
  one.on('layersChanged', (layers) => note({ what: 'layers', producerId, layers }));
}

/** Chromium decodes what somebody plays. Not muted: what is muted has no energy. */
function play({ track }: Subscription): void {
  const element = document.createElement(track.kind === 'video' ? 'video' : 'audio');
  element.srcObject = new MediaStream([track]);
  void element.play().catch(() => undefined);
  document.body.append(element);
  track.addEventListener('ended', () => element.remove());
}

async function captured({ audio = false, video }: Publish): Promise<MediaStreamTrack[]> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio, video: video ?? false });
  return stream.getTracks();
}

function optionsFor(track: MediaStreamTrack, { codec, simulcast = false, video }: Publish) {
  if (track.kind === 'audio') return { source: 'microphone' };
  return {
    source: 'camera',
    simulcast,
    ...(simulcast && video && { encodings: encodingsFor(video.width, video.height) }),
    ...(codec && { codec: codecNamed(codec) }),
  };
}

export const driver = {
  plainJoin,
  plainPublish,
  plainConsume,
  plainRestartIce,
  plainState,

  async join({ url, ...options }: Join): Promise<{ peerId: string; node: string }> {
    room = await joinRoom({ url: `${url.replace(/^http/, 'ws')}/ws`, ...options });
    room.on('subscribed', (one) => {
      watch(one);
      play(one);
    });
    room.on('subscribeFailed', ({ producerId, error }) => note({ what: 'refused', producerId, code: error.code }));
    room.on('producerAdded', ({ producer: { producerId, kind } }) => note({ what: 'offered', producerId, kind }));
    room.on('producerChanged', ({ producer: { producerId, paused } }) => note({ what: 'changed', producerId, paused }));
    room.on('closed', ({ reason }) => note({ what: 'left', reason }));
    return { peerId: room.peerId, node: room.node };
  },

  async publish(what: Publish): Promise<{ audio?: string; video?: string }> {
    const tracks = await captured(what);
    const made = await Promise.all(tracks.map((track) => joined().publish(track, optionsFor(track, what))));
    return Object.fromEntries(made.map(({ kind, producerId }) => [kind, producerId]));
  },

  async subscribe(producerId: string): Promise<void> {
    const one = await joined().subscribe(producerId);
    watch(one);
    play(one);
  },

  async unpublish(kind: 'audio' | 'video'): Promise<void> {
    await publication(kind).close();
  },

  async pausePublication(kind: 'audio' | 'video'): Promise<void> {
    await publication(kind).pause();
  },

  async resumePublication(kind: 'audio' | 'video'): Promise<void> {
    await publication(kind).resume();
  },

  async pause(producerId: string): Promise<void> {
    await subscription(producerId).pause();
  },

  async resume(producerId: string): Promise<void> {
    await subscription(producerId).resume();
  },

  async unsubscribe(producerId: string): Promise<void> {
    await subscription(producerId).close();
  },

  async prefer(producerId: string, spatialLayer: number, temporalLayer = 2): Promise<void> {
    await subscription(producerId).setPreferredLayers({ spatialLayer, temporalLayer });
  },

  async received(): Promise<Received[]> {
    return Promise.all([...joined().subscriptions.values()].map(inbound));
  },

  async sent(): Promise<Sent[]> {
    return Promise.all([...joined().publications.values()].map(outbound));
  },

  /** What the node says of a consumer or producer of this tab. */
  async serverStats(of: { consumerId: string } | { producerId: string }): Promise<Json[]> {
    return joined().getStats(of);
  },

  async openChannel(label: string): Promise<string> {
    const channel = await joined().publishData({ label });
    channels.set(label, channel);
    return channel.dataProducerId;
  },

  /** What is sent on the channel from here on is kept, for `carried`. */
  async listen(dataProducerId: string): Promise<void> {
    const channel = await joined().subscribeData(dataProducerId);
    channel.on('message', (message) => answer(dataProducerId, message));
    await channel.opened();
  },

  async say(label: string, text: string): Promise<void> {
    const channel = channels.get(label);
    if (!channel) throw new Error('There is no such channel.');
    await channel.opened();
    channel.send(text);
  },

  carried,

  notes(): Noted[] {
    return notes;
  },

  async leave(): Promise<void> {
    await joined().leave();
  },

  /** Whatever has been joined, is left. */
  async goodbye(): Promise<void> {
    await Promise.all([room?.leave(), plainLeave()]);
  },
};

export type Driver = typeof driver;

declare global {
  interface Window {
    driver: Driver;
  }
}

window.driver = driver;
