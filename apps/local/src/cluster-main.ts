import { describeFailure, describeTarget, readRedisTarget, stopOnSignals } from '@sluice/shared';
import { styleText } from 'node:util';
import { box, plural } from './box.ts';
import { readLocalOptions, usage, type LocalOptions } from './config.ts';
import { ProcessCluster } from './process-cluster.ts';
import { outsideAddresses, reachNotes } from './reachable.ts';
import { type RedisProcess, startRedisProcess } from './redis-process.ts';

const options = readOptions();
const mediaAlsoAt = options.host === '127.0.0.1' ? outsideAddresses()[0] : undefined;
const colours = ['cyan', 'magenta', 'yellow', 'green', 'blue', 'red'] as const;
const seen: string[] = [];
let redis: RedisProcess | undefined;

try {
  if (options.redisUrl === undefined) redis = await startRedisProcess();
  const redisUrl = options.redisUrl ?? redis?.url ?? '';
  const cluster = await ProcessCluster.start({ ...options, mediaAlsoAt, redisUrl, onLine: printLine });
  process.stdout.write(`\n${box(describe(cluster, redisUrl))}\n\n`);
  stopOnSignals(async () => {
    await cluster.stop();
    await redis?.stop();
    return 'gone';
  });
} catch (error) {
  process.stderr.write(`The cluster could not be started. ${describeFailure(error)}\n`);
  await redis?.stop();
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

function describe(cluster: ProcessCluster, redisUrl: string): string[] {
  const { nodes, gateways } = cluster;
  const [first] = nodes;
  return [
    'Sluice is ready. Open',
    ...gateways.flatMap((_, index) => cluster.urlsOf(index)).map((url) => `  ${url}`),
    '',
    `${plural(gateways.length, 'gateway')} and ${plural(nodes.length, 'node')}, each its own process, over`,
    `  ${describeTarget(readRedisTarget(redisUrl))}`,
    ...reachNotes(options.host, mediaAlsoAt),
    '',
    'process        pid  private port',
    ...[...gateways, ...nodes].map(
      ({ name, pid, up }) => `${name.padEnd(10)} ${String(pid).padStart(7)}  ${up.opsPort}`,
    ),
    '',
    'Kill one, or drain one and take it back:',
    `  kill -KILL ${first?.pid}`,
    `  curl -X POST http://127.0.0.1:${first?.up.opsPort}/drain`,
    `  curl -X DELETE http://127.0.0.1:${first?.up.opsPort}/drain`,
  ];
}

/** Each process's lines under its name, in a colour of its own. */
function printLine(name: string, line: string): void {
  if (!seen.includes(name)) seen.push(name);
  const colour = colours[seen.indexOf(name) % colours.length] ?? 'cyan';
  process.stdout.write(`${styleText(colour, name.padEnd(10))} │ ${readable(line)}\n`);
}

/** The time, level and message of a JSON log line; anything else as it is. */
function readable(line: string): string {
  try {
    const { time, level, msg, error, reason } = JSON.parse(line) as Record<string, unknown>;
    const detail = (reason as string | undefined) ?? (error as { message?: string } | undefined)?.message;
    const label = { 40: 'WARN ', 50: 'ERROR ', 60: 'FATAL ' }[Number(level)] ?? '';
    return `${String(time).slice(11, 23)} ${label}${String(msg)}${detail === undefined ? '' : ` (${detail})`}`;
  } catch {
    return line;
  }
}
