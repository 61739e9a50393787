import { createLogger, type Logger } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { readNodeConfig } from '../../../../apps/media-node/src/config.ts';
import { rehearse } from '../../../../apps/media-node/src/warm-up/rehearsal.ts';
import { workerUdpPorts } from '../../../support/network/udp-ports.ts';

const config = readNodeConfig({ ...process.env, WORKERS: '4', PIPE_IDLE_MS: '600000', EMPTY_SLICE_MS: '600000' });

function listeningLogger(): { log: Logger; said: string[] } {
  const said: string[] = [];
  const log = createLogger({ name: 'test', level: 'silent' });
  const note = (_: unknown, message?: string): void => void said.push(String(message));
  log.info = note;
  log.warn = note;
  return { log, said };
}

test('[NO13] a rehearsed call is played to its end, and nothing of it stays', async () => {
  const { log, said } = listeningLogger();
  await rehearse(config, 'test', log);
  expect(said).toEqual(['A call was rehearsed.']);
  await eventually('its workers to be gone', async () => (await workerUdpPorts([process.pid])).length === 0);
});

test('[NO13] a rehearsal that fails is written down, and keeps no node from starting', async () => {
  const { log, said } = listeningLogger();
  await rehearse({ ...config, workerBin: '/nowhere/mediasoup-worker' }, 'test', log);
  expect(said).toEqual(['The rehearsal of a call has failed; the first real one will tell.']);
});
