import { createWorker, type types } from 'mediasoup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mediaCodecs } from '../../../../apps/media-node/src/mediasoup/codecs.ts';
import { consumePaused } from '../../../../apps/media-node/src/pipes/paused-pipe.ts';

const workerBin = process.env['MEDIASOUP_WORKER_BIN'];
let worker: types.Worker;
let router: types.Router;

beforeAll(async () => {
  worker = await createWorker({ logLevel: 'error', ...(workerBin !== undefined && { workerBin }) });
  router = await worker.createRouter({ mediaCodecs });
});
afterAll(() => worker.close());

/** What a browser sends: one stream or three, with the extensions that it always offers. */
function sent(mimeType: string, streams: number): types.RtpParameters {
  const capability = router.rtpCapabilities.codecs!.find((codec) => codec.mimeType.toLowerCase() === mimeType)!;
  const rtxOf = router.rtpCapabilities.codecs!.find(
    ({ parameters }) => parameters?.['apt'] === capability.preferredPayloadType,
  )!;
  const { clockRate, parameters = {}, rtcpFeedback = [] } = capability;
  const rids = streams > 1 ? Array.from({ length: streams }, (_, index) => ({ rid: `r${index}` })) : undefined;
  return {
    mid: '0',
    codecs: [
      { mimeType: capability.mimeType, payloadType: 96, clockRate, parameters, rtcpFeedback },
      { mimeType: rtxOf.mimeType, payloadType: 97, clockRate, parameters: { apt: 96 } },
    ],
    headerExtensions: router.rtpCapabilities
      .headerExtensions!.filter(({ kind }) => kind === 'video')
      .map(({ uri, preferredId }) => ({ uri, id: preferredId })),
    encodings: rids ?? [{ ssrc: 1111 + sentCount++ * 10, rtx: { ssrc: 1112 + sentCount * 10 } }],
    rtcp: { cname: 'test' },
  };
}
let sentCount = 0;

/** SSRCs are drawn anew each time. */
function withoutSources({ encodings, ...rest }: types.RtpParameters) {
  return { ...rest, encodings: encodings?.map(({ ssrc: _, rtx, ...encoding }) => ({ ...encoding, rtx: rtx && true })) };
}

describe.each([true, false])('a paused pipe consumer, with RTX %s,', (enableRtx) => {
  test.each([
    ['video/vp8', 1],
    ['video/vp8', 3],
    ['video/vp9', 1],
    ['video/h264', 3],
    ['video/av1', 1],
  ])('has for %s in %d stream(s) the parameters that the own one of a pipe has', async (mimeType, streams) => {
    const listenInfo = { protocol: 'udp', ip: '127.0.0.1' } as const;
    const from = await router.createWebRtcTransport({ listenInfos: [listenInfo] });
    const producer = await from.produce({ kind: 'video', rtpParameters: sent(mimeType, streams) });
    const pipe = await router.createPipeTransport({ listenInfo, enableRtx });
    const own = await pipe.consume({ producerId: producer.id });
    const { consumer: paused, rtpParameters } = await consumePaused(pipe, {
      producerId: producer.id,
      router,
      enableRtx,
    });
    expect([own.paused, paused.paused]).toEqual([false, true]);
    expect(paused.type).toBe(own.type);
    expect(withoutSources(rtpParameters)).toEqual(withoutSources(own.rtpParameters));
    from.close();
    pipe.close();
  });
});
