import { stopOnSignals } from '@sluice/shared';
import { styleText } from 'node:util';
import { box, plural } from './box.ts';
import { readLocalOptions, usage, type LocalOptions } from './config.ts';
import { ProcessCluster } from './process-cluster.ts';
import { type RedisProcess, startRedisProcess } from './redis-process.ts';

const options = readOptions();
const colours = ['cyan', 'magenta', 'yellow', 'green', 'blue', 'red'] as const;
const seen: string[] = [];
let redis: RedisProcess | undefined;

try {
  if (options.redisUrl === undefined) redis = await startRedisProcess();
  const redisUrl = options.redisUrl ?? redis?.url ?? '';
  const cluster = await ProcessCluster.start({ ...options, redisUrl, onLine: printLine });
  const urls = cluster.gateways.map((_, index) => `  ${cluster.urlOf(index)}`);
  const what = `${plural(options.gateways, 'gateway')} and ${plural(options.nodes, 'node')}, each its own process`;
  process.stdout.write(`\n${box(['Sluice is ready. Open', ...urls, '', what, `over ${redisUrl}`])}\n\n`);
  stopOnSignals(async () => {
    await cluster.stop();
    await redis?.stop();
    return 'gone';
  });
} catch (error) {
  process.stderr.write(`The cluster could not be started: ${(error as Error).message}\n`);
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
