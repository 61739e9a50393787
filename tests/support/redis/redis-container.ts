import { request } from 'node:http';
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer } from 'testcontainers';
import { eventually, within } from '../../../packages/shared/testing/index.ts';
import { ask, freePort } from './redis-process.ts';

const image = 'redis:8-alpine';
/** How long fetching the image may take, in ms, before a test runs on a redis-server of this machine instead. */
const pullWithinMs = 20_000;
const startWithinMs = 60_000;
const socketPath = '/var/run/docker.sock';

/** The status of the engine's answer; undefined where no engine answers. */
function askEngine(method: string, path: string, limitMs: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const call = request({ socketPath, method, path, signal: AbortSignal.timeout(limitMs) }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    call.on('error', () => resolve(undefined));
    call.end();
  });
}

/** Whether an engine on this machine answers and has the image, or gets it in time. */
export async function containersAvailable(): Promise<boolean> {
  if ((await askEngine('GET', '/_ping', 1000)) !== 200) return false;
  const inspect = (): Promise<number | undefined> => askEngine('GET', `/images/${image}/json`, 2000);
  if ((await inspect()) === 200) return true;
  const [name, tag] = image.split(':');
  await askEngine('POST', `/images/create?fromImage=${name}&tag=${tag}`, pullWithinMs);
  return (await inspect()) === 200;
}

/** On one loopback port, the same one after a restart: clients find it where it was. */
class LoopbackRedis extends GenericContainer {
  constructor(port: number) {
    super(image);
    this.withExposedPorts({ container: 6379, host: port });
    this.withCommand(['redis-server', '--save', '', '--appendonly', 'no']);
  }

  protected override beforeContainerCreated = async (): Promise<void> => {
    for (const bindings of Object.values(this.hostConfig.PortBindings ?? {})) {
      for (const binding of bindings as { HostIp?: string }[]) binding.HostIp = '127.0.0.1';
    }
  };
}

/** Redis in a container, with what tests do to it. */
export class RedisContainer {
  readonly port: number;
  readonly #container: StartedTestContainer;

  private constructor(port: number, container: StartedTestContainer) {
    this.port = port;
    this.#container = container;
  }

  static async start(): Promise<RedisContainer> {
    // The reaper is another image to fetch; each test stops what it started.
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
    // Within a container of its own, testcontainers would look for the port at the engine's bridge, where it isn't.
    process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= '127.0.0.1';
    const port = await freePort();
    const starting = new LoopbackRedis(port).start();
    try {
      const redis = new RedisContainer(port, await within(startWithinMs, `a container of ${image}`, starting));
      await redis.#answers();
      return redis;
    } catch (error) {
      // Nothing waits for it any more, and nothing else would remove it.
      starting.then((late) => late.stop()).catch(() => undefined);
      throw error;
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async restart(): Promise<void> {
    await this.kill();
    const container = await this.#engine();
    await container.start();
    await this.#answers();
  }

  async pause(): Promise<void> {
    await (await this.#engine()).pause();
  }

  async resume(): Promise<void> {
    await (await this.#engine()).unpause();
  }

  async kill(): Promise<void> {
    const container = await this.#engine();
    const { State } = await container.inspect();
    if (State.Running) await container.kill();
  }

  async stop(): Promise<void> {
    await (await this.#engine()).remove({ force: true, v: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #engine() {
    const client = await getContainerRuntimeClient();
    return client.container.getById(this.#container.getId());
  }

  #answers(): Promise<unknown> {
    return eventually(`Redis in a container on port ${this.port}`, () => ask(this.port, 'PING'), { withinMs: 20_000 });
  }
}
