import {
  ConfigError,
  collectProcessMetrics,
  createLogger,
  createMetricsRegistry,
  describeFailure,
  endOnFaults,
  openRedisCoordination,
  printableConfig,
  stopOnSignals,
  systemClock,
} from '@sluice/shared';
import { buildPage, readPage } from '@sluice/web';
import { type GatewayConfig, gatewaySettings, readGatewayConfig } from './config.ts';
import { type Gateway, startGateway } from './index.ts';
import type { Page } from './socket/page.ts';
import { version } from './version.ts';

try {
  await main();
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const config = readGatewayConfig(process.env);
  const log = createLogger({ name: 'gateway', level: config.logLevel, base: { gateway: config.gatewayId } });
  endOnFaults(log);
  log.info({ config: printableConfig(gatewaySettings, config), version }, 'Starting.');
  const coordination = openRedisCoordination(config, { log });
  const metrics = createMetricsRegistry({ role: 'gateway', version });
  collectProcessMetrics(metrics);
  const page = await loadPage(config);
  const started: { gateway?: Gateway } = {};
  // Before the start, which ends when Redis is there: a signal that comes meanwhile, or just after, ends it with 0 too.
  stopOnSignals(async (signal) => {
    log.info({ signal }, 'Stopping.');
    // SIGTERM asks politely. Ctrl-C means now.
    if (signal === 'SIGTERM') await started.gateway?.drain();
    else await started.gateway?.stop();
    await coordination.close();
    return 'gone';
  });
  started.gateway = await startGateway({ config, ...coordination, clock: systemClock, log, metrics, page });
}

/** Built from its sources, or read where an image carries it built. */
async function loadPage({ devPage, pageDir }: GatewayConfig): Promise<Page | undefined> {
  if (!devPage) return undefined;
  if (pageDir === undefined) return buildPage();
  try {
    return await readPage(pageDir);
  } catch (error) {
    throw new ConfigError([`PAGE_DIR is ${pageDir}, and no built page can be read there: ${(error as Error).message}`]);
  }
}
