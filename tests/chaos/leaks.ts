import { readdirSync } from 'node:fs';
import { eventually } from '@sluice/shared/testing';
import { ask } from '../support/redis/redis-process.ts';
import { scrape } from '../support/clusters/cluster.ts';
import { type Child, opsUrl, type Stage } from './stage.ts';

/** Gauges that are 0 when no peer is there. */
const nodeGauges = [
  'sfu_rooms',
  'sfu_participants',
  'sfu_routers',
  'sfu_transports',
  'sfu_producers',
  'sfu_consumers',
  'sfu_pipes',
];
const gatewayGauges = ['sfu_gateway_connections', 'sfu_gateway_peers', 'sfu_gateway_rooms'];
/** The number of open files varies with requests under way, such as a scrape. */
const fileTolerance = 12;

/** Looks for resources that peers and faults leave behind in one stage. */
export class Leaks {
  readonly #stage: Stage;
  /** The open files of each process, after the first run that left nothing. */
  readonly #files = new Map<number, number>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** The resources that are still there so long after all peers have left, in words. */
  async find(withinMs = 10_000): Promise<string[]> {
    let found: string[] = [];
    const look = async (): Promise<boolean> => {
      const { nodes, cluster, processes } = this.#stage;
      found = [
        ...(await this.#gauges(nodes, nodeGauges)),
        ...(await this.#gauges(cluster.gateways, gatewayGauges)),
        ...this.#openFiles(processes),
        ...(await this.#keys()),
      ];
      return found.length === 0;
    };
    await eventually('nothing to be left', look, { withinMs, everyMs: 250 }).catch(() => undefined);
    return found;
  }

  async #gauges(children: readonly Child[], gauges: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const child of children) {
      const read = await scrape(opsUrl(child.up.opsPort));
      for (const gauge of gauges) {
        const left = read(gauge);
        if (left !== 0) found.push(`${child.name}: ${gauge} ${left}`);
      }
    }
    return found;
  }

  #openFiles(children: readonly Child[]): string[] {
    return children.flatMap(({ name, pid }) => {
      const now = readdirSync(`/proc/${pid}/fd`).length;
      const before = this.#files.get(pid) ?? now;
      this.#files.set(pid, before);
      return now > before + fileTolerance ? [`${name}: ${now} open files, ${before} before`] : [];
    });
  }

  /** Keys that would stay for ever. */
  async #keys(): Promise<string[]> {
    const { port } = this.#stage.redis;
    const found: string[] = [];
    for (const key of (await ask(port, 'KEYS', '*')) as string[]) {
      if ((await ask(port, 'TTL', key)) === -1) found.push(`Redis: ${key}`);
    }
    return found;
  }
}
