import { LocalCluster } from '@sluice/local';
import { TestBrowser } from './browser.ts';
import { MediaPage } from './media-page.ts';
import { patience } from './topologies.ts';
const sim = process.argv[2] === 'sim';
await using cluster = await LocalCluster.start({ nodes: 1, gateways: 1, workers: 1, port: 0, host: '127.0.0.1', settings: patience });
await using browser = await TestBrowser.launch();
const url = cluster.url;
const ada = await MediaPage.open(browser);
await ada.do('join', { url, room: 'r' });
const { video } = await ada.do('publish', { video: sim ? { width: 640, height: 360, frameRate: 15 } : { width: 160, height: 90, frameRate: 8 }, simulcast: sim, ...(process.argv[3] && { codec: process.argv[3] }) });
const bob = await MediaPage.open(browser);
await bob.do('join', { url, room: 'r' });
await bob.brings(video, 'v', (o) => o.framesDecoded > 5);
const slice = [...cluster.nodes[0]!.slices][0]!;
const consumer = [...slice.peers.values()].flatMap((p) => [...p.consumers.values()])[0]!.consumer;
console.log(consumer.type, JSON.stringify(consumer.rtpParameters.encodings));
const wait = (ms: number) => new Promise((r) => setTimeout(r, ms));
for (let i = 0; i < Number(process.argv[4] ?? 25); i++) {
  await consumer.pause();
  await wait(300 + Math.random() * 700);
  const before = (await consumer.getStats())[0] as any;
  const t0 = performance.now();
  await consumer.resume();
  let trace = ''; let last = '';
  for (;;) {
    const st = (await consumer.getStats())[0] as any; const d = (await consumer.dump()) as any;
    const s = `S${d.currentSpatialLayer}T${d.currentTemporalLayer}/S${d.targetSpatialLayer}T${d.targetTemporalLayer}`;
    if (s !== last) trace += ` ${Math.round(performance.now() - t0)}:${s}`; last = s;
    if (st.packetCount > before.packetCount + 3) break;
    if (performance.now() - t0 > 15000) { trace += ' STUCK'; break; }
    await wait(15);
  }
  console.log(Math.round(performance.now() - t0), trace);
}
