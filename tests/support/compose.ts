import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { eventually } from '@sluice/shared/testing';
import * as z from 'zod';
import { freePort } from './redis/redis-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A clone's own project: what a run that was killed has left behind, the next one finds by its name and removes. */
const project = `sluice-test-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;

/** Where the worker has to be built, the images take minutes; a second time they take seconds. */
const buildWithinMs = 30 * 60_000;
const upWithinMs = 240_000;
const downWithinMs = 60_000;

const container = z.object({
  Service: z.string(),
  Name: z.string(),
  State: z.string(),
  Health: z.string(),
  ExitCode: z.number(),
  Publishers: z.array(z.object({ URL: z.string(), PublishedPort: z.number() })).nullable(),
});
export type Container = z.infer<typeof container>;

const activeTargets = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({
        labels: z.object({ job: z.string() }),
        scrapeUrl: z.string(),
        health: z.string(),
        lastError: z.string(),
      }),
    ),
  }),
});

const vector = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

export interface Target {
  job: string;
  up: boolean;
  /** Where it is scraped, and why in vain. */
  about: string;
}

export interface Sample {
  labels: Record<string, string>;
  value: number;
}

export interface Stopped {
  tookMs: number;
  exitCodes: number[];
}

/** The project's docker-compose.yml, as it is, under a name and on ports of its own. */
export class ComposeCluster implements AsyncDisposable {
  readonly url: string;
  readonly #prometheus: string;
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(port: number, prometheusPort: number, settings: Record<string, string>) {
    this.url = `http://localhost:${port}`;
    this.#prometheus = `http://127.0.0.1:${prometheusPort}`;
    this.#environment = {
      ...process.env,
      DOCKER_BUILDKIT: '1',
      SLUICE_PORT: String(port),
      SLUICE_PROMETHEUS_PORT: String(prometheusPort),
      ...settings,
    };
  }

  /** Builds, starts, and resolves once every container is healthy. Rejects, with nothing left, where one isn't. */
  static async up(options: {
    scale: Record<string, number>;
    settings?: Record<string, string>;
  }): Promise<ComposeCluster> {
    const cluster = new ComposeCluster(await freePort(), await freePort(), options.settings ?? {});
    try {
      await cluster.down();
      await cluster.#compose(['build'], buildWithinMs);
      const scale = Object.entries(options.scale).flatMap(([service, count]) => ['--scale', `${service}=${count}`]);
      await cluster.#compose(['up', '--detach', '--wait', ...scale], upWithinMs);
      return cluster;
    } catch (error) {
      const logs = await cluster.#compose(['logs', '--tail', '20'], downWithinMs).catch(String);
      await cluster.down();
      throw new Error(`The cluster did not come up.\n${logs}`, { cause: error });
    }
  }

  /** Every container, stopped ones too. */
  async containers(): Promise<Container[]> {
    const lines = (await this.#compose(['ps', '--all', '--format', 'json'])).trim().split('\n');
    return lines.filter((line) => line !== '').map((line) => container.parse(JSON.parse(line)));
  }

  /** What a command in the first container of a service prints. */
  async exec(service: string, ...command: string[]): Promise<string> {
    return (await this.#compose(['exec', '--no-TTY', service, ...command])).trim();
  }

  /** What gateways and nodes have written that is more than information. */
  async warnings(): Promise<string[]> {
    const lines = (await this.#compose(['logs', '--no-color', 'gateway', 'media-node'])).split('\n');
    return lines.filter((line) => /"level":[456]0/.test(line) || !line.includes('{"level"'));
  }

  /** What Prometheus scrapes, and how it went the last time. */
  async targets(): Promise<Target[]> {
    const { data } = activeTargets.parse(await this.#ask('/api/v1/targets?state=active'));
    return data.activeTargets.map(({ labels, scrapeUrl, health, lastError }) => ({
      job: labels.job,
      up: health === 'up',
      about: `${scrapeUrl} ${lastError}`,
    }));
  }

  /** What Prometheus answers to an expression. */
  async query(expression: string): Promise<Sample[]> {
    const { data } = vector.parse(await this.#ask(`/api/v1/query?query=${encodeURIComponent(expression)}`));
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** The names of the nodes, once so many are known to Prometheus. */
  nodeIds(count: number): Promise<string[]> {
    const ask = async (): Promise<string[] | undefined> => {
      const ids = (await this.query('sfu_build_info{role="node"}')).map(({ labels }) => labels['node'] ?? '');
      return ids.length === count && ids.every((id) => id !== '') ? ids : undefined;
    };
    return eventually(`${count} nodes in Prometheus`, ask, { withinMs: 30_000, everyMs: 250 });
  }

  /** Stops the containers of a service as `docker compose down` would: its stop signal, and time to heed it. */
  async stop(service: string): Promise<Stopped> {
    const begun = performance.now();
    await this.#compose(['stop', service], downWithinMs);
    const tookMs = performance.now() - begun;
    const stopped = (await this.containers()).filter((one) => one.Service === service);
    return { tookMs, exitCodes: stopped.map((one) => one.ExitCode) };
  }

  /** Removes the containers, their network and volumes, and the names of the images; what was built stays cached. */
  async down(): Promise<void> {
    await this.#compose(['down', '--volumes', '--remove-orphans', '--rmi', 'local', '--timeout', '5'], downWithinMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  async #ask(path: string): Promise<unknown> {
    const response = await fetch(this.#prometheus + path, { signal: AbortSignal.timeout(5000) });
    return response.json();
  }

  /** The output of a compose command. Rejects with the end of what it wrote where it fails or takes too long. */
  #compose(args: string[], timeout = 20_000): Promise<string> {
    const all = ['compose', '--project-directory', root, '--project-name', project, ...args];
    return new Promise((resolve, reject) => {
      const options = { cwd: root, env: this.#environment, timeout, maxBuffer: 64 * 2 ** 20 };
      execFile('docker', all, options, (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const why = error.killed ? `took more than ${timeout} ms` : 'failed';
        reject(new Error(`docker compose ${args.join(' ')} ${why}.\n${stderr.slice(-2000)}`));
      });
    });
  }
}
