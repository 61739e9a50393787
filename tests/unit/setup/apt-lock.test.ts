import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

/** The set-up is plain JavaScript, without types. */
const debian = '../../../scripts/setup/debian.mjs';
const { ensurePackages } = (await import(debian)) as {
  ensurePackages(packages: string[], purpose: string, progress: (text: string) => void, lock: object): Promise<void>;
};

let folder: string;
const path = process.env['PATH'];

/** An apt-get that is refused some times, in these words, and then installs; a dpkg-query that knows of nothing. */
const aptGet = (refusal: string, times: number) => `#!/bin/sh
echo "$@" >> "${folder}/calls"
if [ "$(wc -l < "${folder}/calls")" -le ${times} ]; then echo "${refusal}" >&2; exit 100; fi`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-apt-'));
  process.env['PATH'] = `${folder}${delimiter}${path}`;
  vi.spyOn(process, 'getuid').mockReturnValue(0);
});
afterEach(async () => {
  process.env['PATH'] = path;
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

async function install(refusal: string, times: number): Promise<string[]> {
  for (const [name, text] of Object.entries({ 'apt-get': aptGet(refusal, times), 'dpkg-query': '#!/bin/sh\nexit 1' })) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o755);
  }
  const said: string[] = [];
  await ensurePackages(['redis-server'], 'Testing', (text: string) => said.push(text), {
    everyMs: 1,
    withinMs: 60_000,
  });
  return said;
}

const calls = async () => (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');

it.each([
  'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)',
  'E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?',
  'E: Unable to lock directory /var/lib/apt/lists/',
  'E: Unable to lock the administration directory (/var/lib/dpkg/), is another process using it?',
])('[ST40] the set-up waits for another apt, and says so: %s', async (refusal) => {
  const said = await install(refusal, 2);
  expect(said.filter((text) => text.includes('another apt-get is at work'))).toHaveLength(2);
  expect(await calls()).toHaveLength(3);
  expect(new Set(await calls()).size, 'the same each time: no lists are fetched for want of a lock').toBe(1);
});

it('[ST40] another failure fetches the lists anew, as before', async () => {
  await install('E: Unable to locate package redis-server', 1);
  expect((await calls())[1]).toBe('update');
});
