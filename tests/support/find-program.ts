import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The path of the first of `names` that is on the PATH.
 *
 * @throws Error that names the Debian package to install.
 */
export function findProgram(title: string, names: readonly string[], debianPackage: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const file = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  if (file) return file;
  throw new Error(`No ${title} on the PATH: looked for ${names.join(', ')}. Debian: apt-get install ${debianPackage}`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
