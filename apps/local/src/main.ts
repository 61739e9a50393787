import { describeFailure, describeTarget, readRedisTarget, stopOnSignals } from '@sluice/shared';
import { createPrettyLogger } from './pretty-log.ts';
import { box, plural } from './box.ts';
import { type LocalOptions, readLocalOptions, usage } from './config.ts';
import { LocalCluster } from './local-cluster.ts';
import { outsideAddresses, reachNotes } from './reachable.ts';

const options = readOptions();
const mediaAlsoAt = options.host === '127.0.0.1' ? outsideAddresses()[0] : undefined;
const log = createPrettyLogger(options.verbose ? 'info' : 'warn');

try {
  const cluster = await LocalCluster.start({ ...options, mediaAlsoAt, log });
  process.stdout.write(`\n${describe(cluster, options)}\n\n  Open it twice to see yourself. Ctrl-C stops it.\n\n`);
  stopOnSignals(async () => {
    await cluster.stop();
    return 'gone';
  });
} catch (error) {
  process.stderr.write(`The cluster could not be started. ${describeFailure(error)}\n`);
  process.exit(1);
}

function readOptions(): LocalOptions {
  try {
    return readLocalOptions(process.argv.slice(2), process.env);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}\n`);
    process.exit(2);
  }
}

function describe(cluster: LocalCluster, { host, nodes, gateways, workers, redisUrl }: LocalOptions): string {
  const urls = cluster.gateways.flatMap((_, index) => cluster.urlsOf(index));
  const [first, ...others] = urls;
  return box([
    `Sluice is ready. Open  ${first}`,
    ...others.map((url) => `                  and  ${url}`),
    '',
    `${plural(gateways, 'gateway')} · ${plural(nodes, 'node')} with ${plural(workers, 'worker')} each · ` +
      (redisUrl === undefined ? 'no Redis needed' : `over ${describeTarget(readRedisTarget(redisUrl))}`),
    ...reachNotes(host, mediaAlsoAt),
  ]);
}
