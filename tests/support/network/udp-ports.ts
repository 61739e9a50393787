import { readdir, readFile, readlink } from 'node:fs/promises';

/** UDP ports that the children of these processes hold: the media workers' sockets, as the kernel counts them. */
export async function workerUdpPorts(pids: readonly number[]): Promise<number[]> {
  const inodes = new Set<string>();
  for (const parent of pids)
    for (const pid of await childrenOf(parent)) for (const inode of await socketsOf(pid)) inodes.add(inode);
  const ports = [...(await udpSockets())].filter(([inode]) => inodes.has(inode)).map(([, port]) => port);
  return ports.sort((a, b) => a - b);
}

async function childrenOf(pid: number): Promise<number[]> {
  const children: number[] = [];
  for (const task of await readdir(`/proc/${pid}/task`)) {
    const text = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '');
    children.push(...text.trim().split(' ').filter(Boolean).map(Number));
  }
  return children;
}

/** A socket may close between being listed and being read: then it is not there. */
async function socketsOf(pid: number): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

/** Ports by inode. */
async function udpSockets(): Promise<Map<string, number>> {
  const sockets = new Map<string, number>();
  for (const table of ['/proc/net/udp', '/proc/net/udp6']) {
    const lines = (await readFile(table, 'utf8').catch(() => '')).trim().split('\n').slice(1);
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
      if (fields[9] !== undefined) sockets.set(fields[9], port);
    }
  }
  return sockets;
}
