import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cutUdp, type UdpCut } from './udp-cut.ts';

const run = promisify(execFile);
const ip = (...args: string[]) => run('ip', args);

export type WayIndex = 0 | 1;

/** One way from the namespace to this machine: a pair of virtual cables' ends and their addresses. */
interface Way {
  inside: { device: string; address: string };
  outside: { device: string; address: string };
}

const prefix = 'sluice-net';
let namespaces = 0;

/**
 * A machine of its own, as far as its network goes, with two ways to this one. Programs in it reach what listens on
 * `serverAddress` here, by the first way while it is up and by the second otherwise. It needs root and Linux, and is gone
 * when the test is over, however it ends, and when this process is.
 */
export class NetworkNamespace implements AsyncDisposable {
  readonly name: string;
  readonly serverAddress: string;
  readonly #ways: readonly [Way, Way];
  readonly #removeAtExit = (): void => {
    for (const args of this.#removal()) spawnSync('ip', args);
  };
  #folder = '';

  private constructor(number: number) {
    this.name = `${prefix}-${process.pid}-${number}`;
    // Sixteen addresses of a private network, which differ between processes that do this at the same time.
    const block = process.pid * 8 + number;
    const network = `10.${200 + ((block >> 12) % 50)}.${(block >> 4) % 256}`;
    const first = (block % 16) * 16;
    const way = (index: number): Way => ({
      inside: { device: `way${index}`, address: `${network}.${first + index * 4 + 2}` },
      outside: { device: `sl${process.pid}x${number}w${index}`, address: `${network}.${first + index * 4 + 1}` },
    });
    this.#ways = [way(0), way(1)];
    this.serverAddress = `${network}.${first + 12}`;
  }

  /** `waysUp`: 1 leaves the second way down until it is brought up. */
  static async create({ waysUp = 2 }: { waysUp?: 1 | 2 } = {}): Promise<NetworkNamespace> {
    await removeLeftOver();
    const namespace = new NetworkNamespace(++namespaces);
    process.once('exit', namespace.#removeAtExit);
    await ip('netns', 'add', namespace.name);
    await namespace.#inside('ip', 'link', 'set', 'lo', 'up');
    for (const way of namespace.#ways) await namespace.#lay(way);
    await namespace.bringUp(0);
    if (waysUp === 2) await namespace.bringUp(1);
    await ip('address', 'add', `${namespace.serverAddress}/32`, 'dev', namespace.#ways[0].outside.device);
    namespace.#folder = await mkdtemp(join(tmpdir(), `${namespace.name}-`));
    return namespace;
  }

  /** For files of those who work in it. */
  get folder(): string {
    return this.#folder;
  }

  /** A program that starts `program` in here, with whatever arguments it is given. */
  async launcherOf(program: string): Promise<string> {
    const file = join(this.#folder, 'launch');
    await writeFile(file, `#!/bin/sh\nexec ip netns exec ${this.name} '${program}' "$@"\n`);
    await chmod(file, 0o755);
    return file;
  }

  /** The command line that runs this one in here. */
  command(...command: string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.name, ...command]];
  }

  /** As when a Wi-Fi network is left: the device goes down, and its address with it. */
  async takeDown(way: WayIndex): Promise<void> {
    const { device } = this.#ways[way].inside;
    await this.#inside('ip', 'link', 'set', device, 'down');
    await this.#inside('ip', 'address', 'flush', 'dev', device);
  }

  async bringUp(way: WayIndex): Promise<void> {
    const { inside, outside } = this.#ways[way];
    await this.#inside('ip', 'link', 'set', inside.device, 'up');
    const route = ['default', 'via', outside.address, 'dev', inside.device, 'metric', String(100 * (way + 1))];
    await this.#inside('ip', 'route', 'replace', ...route);
  }

  /** Bytes that each way has carried from here, so far. */
  traffic(): Promise<number[]> {
    const bytes = async ({ outside }: Way): Promise<number> =>
      Number(await readFile(`/sys/class/net/${outside.device}/statistics/rx_bytes`, 'utf8'));
    return Promise.all(this.#ways.map(bytes));
  }

  /** Drops all UDP both ways, as a firewall on the way does: nobody is told. */
  async cutUdp(): Promise<AsyncDisposable> {
    const there: UdpCut[] = [];
    for (const { inside } of this.#ways) {
      there.push(await cutUdp(inside.address, this.serverAddress, { ways: 'one' }));
    }
    const rule = ['INPUT', '-p', 'udp', '!', '-i', 'lo', '-j', 'DROP'];
    await this.#inside('iptables', '-w', '10', '-A', ...rule);
    return {
      [Symbol.asyncDispose]: async () => {
        await this.#inside('iptables', '-w', '10', '-D', ...rule);
        for (const cut of there) await cut.heal();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#removeAtExit);
    for (const args of this.#removal()) await ip(...args);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** A connection that is still closing would keep the namespace, and the cables with it: they are removed by name. */
  #removal(): string[][] {
    return [...this.#ways.map(({ outside }) => ['link', 'del', outside.device]), ['netns', 'del', this.name]];
  }

  async #lay({ inside, outside }: Way): Promise<void> {
    await ip('link', 'add', outside.device, 'type', 'veth', 'peer', 'name', inside.device, 'netns', this.name);
    await ip('address', 'add', `${outside.address}/30`, 'dev', outside.device);
    await ip('link', 'set', outside.device, 'up');
    await this.#inside('ip', 'address', 'add', `${inside.address}/30`, 'dev', inside.device);
  }

  #inside(...command: string[]) {
    const [program, args] = this.command(...command);
    return run(program, args);
  }
}

/** What a process that was killed has left. */
async function removeLeftOver(): Promise<void> {
  const { stdout } = await ip('netns', 'list');
  for (const [, name = '', pid] of stdout.matchAll(new RegExp(`^(${prefix}-(\\d+)-\\d+)`, 'gm'))) {
    if (existsSync(`/proc/${pid}`)) continue;
    // Its cables' ends go with it. Another process may be at it too.
    await ip('netns', 'del', name).catch(() => undefined);
  }
}
