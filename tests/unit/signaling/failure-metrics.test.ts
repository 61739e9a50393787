import { ManualClock } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { demo, type JoinedSocket, type TestGateway, World } from './support/world.ts';

async function read({ metrics }: TestGateway, start: string): Promise<string[]> {
  return (await metrics.metrics()).split('\n').filter((line) => line.startsWith(start));
}

const resume = ({ joined }: JoinedSocket, resumeToken = joined['resumeToken']) => {
  const { peerId, epoch, seq } = joined;
  return { action: 'resume', room: demo, peerId, resumeToken, epoch, seq, id: 'resume' };
};

test('[GW31] a killed node: how long it took to notice, to move its peer, and for the client to stand', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2 });
  const ann = await world.gateway.join();
  const node = world.nodes.find(({ peers }) => peers.has(ann.joined.peerId));
  await clock.advance(1000);
  await node?.die();
  await clock.advance(600);
  expect(ann.of('move')).toHaveLength(1);
  const detection = 'sfu_detection_duration_seconds';
  const labels = 'role="node",means="unheard"';
  expect(await read(world.gateway, `${detection}_count`)).toEqual([`${detection}_count{${labels}} 1`]);
  expect(await read(world.gateway, `${detection}_bucket{le="0.1"`)).toEqual([
    `${detection}_bucket{le="0.1",${labels}} 0`,
  ]);
  expect(await read(world.gateway, `${detection}_bucket{le="0.3"`)).toEqual([
    `${detection}_bucket{le="0.3",${labels}} 1`,
  ]);
  expect(await read(world.gateway, 'sfu_moves_total')).toEqual(['sfu_moves_total{reason="nodeLost",result="ok"} 1']);
  expect(await read(world.gateway, 'sfu_fences_total')).toEqual(['sfu_fences_total 1']);
  expect(await read(world.gateway, 'sfu_move_duration_seconds_count')).toEqual([]);
  await clock.advance(300);
  expect(await ann.ask({ action: 'moved', id: 1 })).toMatchObject({ type: 'ok' });
  const ended = 'reason="nodeLost",result="ok"';
  expect(await read(world.gateway, 'sfu_move_duration_seconds_count')).toEqual([
    `sfu_move_duration_seconds_count{${ended}} 1`,
  ]);
  const [sum = ''] = await read(world.gateway, 'sfu_move_duration_seconds_sum');
  expect(Number(sum.split(' ')[1])).toBeGreaterThanOrEqual(0.3);
  expect(Number(sum.split(' ')[1])).toBeLessThan(0.9);
});

test('[GW31] a move whose session ends before its client stands is told apart', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2 });
  const ann = await world.gateway.join();
  await clock.advance(1000);
  await world.nodes.find(({ peers }) => peers.has(ann.joined.peerId))?.die();
  await clock.advance(600);
  ann.lose();
  await clock.advance(0);
  expect(await read(world.gateway, 'sfu_move_duration_seconds_count')).toEqual([
    'sfu_move_duration_seconds_count{reason="nodeLost",result="ended"} 1',
  ]);
});

test('[GW31] resumes are counted and timed by how they went', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  ann.lose();
  const forged = await world.gateway.connect().ask(resume(ann, 'x'.repeat(43)));
  expect(forged).toMatchObject({ code: 'resumeRejected' });
  expect(await world.gateway.connect().ask(resume(ann))).toMatchObject({ type: 'resumed' });
  expect(await read(world.gateway, 'sfu_gateway_resumes_total')).toEqual([
    'sfu_gateway_resumes_total{reason="none",result="resumeRejected"} 1',
    'sfu_gateway_resumes_total{reason="sessionLost",result="ok"} 1',
  ]);
  expect(await read(world.gateway, 'sfu_resume_duration_seconds_count')).toEqual([
    'sfu_resume_duration_seconds_count{result="client_error"} 1',
    'sfu_resume_duration_seconds_count{result="ok"} 1',
  ]);
});
