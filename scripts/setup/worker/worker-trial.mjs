// Starts a worker through mediasoup and has it do what every call needs: proof that the binary in
// MEDIASOUP_WORKER_BIN fits this mediasoup and this system. Run with the project's Node.

import { createWorker } from 'mediasoup';

const worker = await createWorker({ logLevel: 'error' });
const router = await worker.createRouter({
  mediaCodecs: [{ kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 }],
});
await router.createWebRtcTransport({ listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }] });
worker.close();
