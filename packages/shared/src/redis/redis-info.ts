/** The answer to `INFO`, by field. */
export function readInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').map((line) => line.trim());
  return new Map(lines.filter((line) => line.includes(':')).map((line) => splitAt(line, line.indexOf(':'))));
}

const splitAt = (text: string, at: number): [string, string] => [text.slice(0, at), text.slice(at + 1)];

export interface ServerFault {
  text: string;
  /** It takes no writes at all. */
  replica?: boolean;
}

/** Streams are read from an exclusive bound since 6.2; sharded pub/sub came with 7.0. */
const oldest = { single: [6, 2], sharded: [7, 0] } as const;

/** What makes a server unfit, as far as its answer says so. */
export function serverFaults(info: ReadonlyMap<string, string>, { sharded }: { sharded: boolean }): ServerFault[] {
  const faults: ServerFault[] = [];
  const version = info.get('redis_version');
  const wanted = sharded ? oldest.sharded : oldest.single;
  if (version !== undefined && isOlder(version, wanted)) {
    faults.push({ text: `Redis ${version} is too old: ${wanted.join('.')} or newer is needed` });
  }
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    faults.push({ text: `Redis's maxmemory-policy is ${policy}, which drops parts of rooms: set noeviction` });
  }
  if (info.get('role') === 'slave') {
    faults.push({ text: 'Redis is a replica, which takes no writes: name its master', replica: true });
  }
  return faults;
}

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
