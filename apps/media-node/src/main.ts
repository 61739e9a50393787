import {
  collectProcessMetrics,
  createLogger,
  describeFailure,
  endOnFaults,
  openRedisCoordination,
  printableConfig,
  stopOnSignals,
  systemClock,
} from '@sluice/shared';
import { nodeSettings, readNodeConfig } from './config.ts';
import { type MediaNode, startMediaNode } from './index.ts';
import { rehearse } from './warm-up/rehearsal.ts';
import { version } from './version.ts';

try {
  await main();
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const config = readNodeConfig(process.env);
  const log = createLogger({ name: 'media-node', level: config.logLevel });
  endOnFaults(log);
  log.info({ config: printableConfig(nodeSettings, config), version }, 'Starting.');
  await rehearse(config, version, log);
  const coordination = openRedisCoordination(config, { log });
  const started: { node?: MediaNode } = {};
  // Before the start, which ends when Redis is there: a signal that comes meanwhile, or just after, ends it with 0 too.
  stopOnSignals(async (signal) => {
    const { node } = started;
    log.info({ signal }, 'Stopping.');
    // SIGTERM asks politely: the peers are moved first. Ctrl-C means now.
    if (signal === 'SIGTERM' && node) {
      if (!(await node.drainAndStop(config.drainDeadlineMs))) return 'stays';
    } else await node?.stop();
    await coordination.close();
    return 'gone';
  });
  const node = await startMediaNode({ config, version, clock: systemClock, log, ...coordination });
  started.node = node;
  collectProcessMetrics(node.metricsRegistry);
}
