import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Waits for the lock that every iptables of this machine takes. */
const iptables = (...args: string[]) => run('iptables', ['-w', '10', ...args]);

export interface UdpCut extends AsyncDisposable {
  /** How many datagrams were dropped. */
  dropped(): Promise<number>;
  /** Idempotent. */
  heal(): Promise<void>;
}

export interface UdpCutOptions {
  /** `one`: what the first address sends to the second is dropped, and the way back is open. */
  ways?: 'one' | 'both';
  /** The share of datagrams that is dropped, 0 to 1. Default 1. */
  loss?: number;
}

const prefix = 'sluice-cut';
let cuts = 0;

/**
 * Drops the UDP datagrams between two addresses of this machine, as a broken network does: senders don't notice. In a
 * chain of its own, which is gone when the test is over, however it ends, and when this process is.
 */
export async function cutUdp(
  from: string,
  to: string,
  { ways = 'both', loss = 1 }: UdpCutOptions = {},
): Promise<UdpCut> {
  await removeLeftOver();
  const chain = `${prefix}-${process.pid}-${++cuts}`;
  const remove = () => {
    for (const args of removal(chain)) spawnSync('iptables', ['-w', '10', ...args]);
  };
  const heal = once(async () => {
    process.off('exit', remove);
    for (const args of removal(chain)) await iptables(...args);
  });
  const chance = loss === 1 ? [] : ['-m', 'statistic', '--mode', 'random', '--probability', String(loss)];
  await iptables('-N', chain);
  process.once('exit', remove);
  for (const [source, destination] of ways === 'one'
    ? [[from, to] as const]
    : ([
        [from, to],
        [to, from],
      ] as const)) {
    await iptables('-A', chain, '-p', 'udp', '-s', source, '-d', destination, ...chance, '-j', 'DROP');
  }
  await iptables('-I', 'INPUT', '-j', chain);
  return { dropped: () => droppedBy(chain), heal, [Symbol.asyncDispose]: heal };
}

const removal = (chain: string) => [
  ['-D', 'INPUT', '-j', chain],
  ['-F', chain],
  ['-X', chain],
];

/** What a process that was killed has left. */
async function removeLeftOver(): Promise<void> {
  const { stdout } = await iptables('-S');
  for (const [, chain = '', pid] of stdout.matchAll(new RegExp(`^-N (${prefix}-(\\d+)-\\d+)$`, 'gm'))) {
    if (existsSync(`/proc/${pid}`)) continue;
    // Another process may remove it at the same time.
    for (const args of removal(chain)) await iptables(...args).catch(() => undefined);
  }
}

async function droppedBy(chain: string): Promise<number> {
  const { stdout } = await iptables('-L', chain, '-v', '-x', '-n');
  const packets = stdout.matchAll(/^\s*(\d+)\s+\d+\s+DROP/gm);
  return [...packets].reduce((sum, [, count]) => sum + Number(count), 0);
}

function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= act());
}
