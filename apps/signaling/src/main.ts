import {
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
import { startGateway } from './index.ts';
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
  const gateway = await startGateway({ config, ...coordination, clock: systemClock, log, metrics, page });

  stopOnSignals(async (signal) => {
    log.info({ signal }, 'Stopping.');
    // SIGTERM asks politely. Ctrl-C means now.
    if (signal === 'SIGTERM') await gateway.drain();
    else await gateway.stop();
    await coordination.close();
    return 'gone';
  });
}

/** Built from its sources, or read where an image carries it built. */
async function loadPage({ devPage, pageDir }: GatewayConfig): Promise<Page | undefined> {
  if (!devPage) return undefined;
  return pageDir === undefined ? buildPage() : readPage(pageDir);
}
