import { Redis } from 'ioredis';
import { decodePeer, decodeProducer } from '../../../packages/shared/src/directory/records.ts';
import type { PeerRecord, ProducerRecord } from '@sluice/shared/protocol';

/** A room's records in Redis. */
export interface DirectoryRoom {
  peers: PeerRecord[];
  producers: ProducerRecord[];
  /** The boot that has claimed each node's slice. */
  slices: Map<string, string>;
  epoch: number;
  seq: number;
}

/** All hashes of one room, at one moment: key, its fields and values, key, … */
const script = `
  local found = {}
  for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
    if redis.call('TYPE', key).ok == 'hash' then
      found[#found + 1] = key
      found[#found + 1] = redis.call('HGETALL', key)
    end
  end
  return found`;

/** Longer than any script takes; a Redis that does not answer by then is away. In ms. */
const patienceMs = 1000;

/** Reads rooms from Redis itself, past every process of the cluster. */
export class DirectoryReader {
  readonly #redis: Redis;

  constructor(port: number) {
    this.#redis = new Redis({
      host: '127.0.0.1',
      port,
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: patienceMs,
      retryStrategy: () => 100,
    });
    // Redis is away in many of the faults: the command itself rejects then.
    this.#redis.on('error', () => undefined);
    this.#redis.connect().catch(() => undefined);
  }

  /** Rejects while Redis is away. */
  async read(room: string): Promise<DirectoryRoom> {
    const found = (await this.#redis.call('EVAL', script, 0, `*{${room}}*`)) as (string | string[])[];
    const hash = (name: string): Map<string, string> => {
      const at = found.findIndex((key, index) => index % 2 === 0 && String(key).endsWith(`:${name}`));
      return at < 0 ? new Map() : pairs(found[at + 1] as string[]);
    };
    const meta = hash('meta');
    return {
      peers: [...hash('peers').values()].map(decodePeer),
      producers: [...hash('producers').values()].map(decodeProducer),
      slices: new Map([...hash('slices')].map(([node, claim]) => [node, bootOf(claim)])),
      epoch: Number(meta.get('epoch') ?? 0),
      seq: Number(meta.get('seq') ?? 0),
    };
  }

  close(): void {
    this.#redis.disconnect();
  }
}

function pairs(flat: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) map.set(flat[at] ?? '', flat[at + 1] ?? '');
  return map;
}

/** The first line of a claim is `["node","boot"]`. */
function bootOf(claim: string): string {
  const [, boot = ''] = JSON.parse(claim.slice(0, claim.indexOf('\n'))) as string[];
  return boot;
}
