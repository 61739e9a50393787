import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Names of Chromium in the usual distributions; the first that is on the PATH is taken. */
const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

export const findChromium = (): string => findProgram('Chromium', chromiumNames, 'chromium');
export const findFirefox = (): string => findProgram('Firefox', ['firefox-esr', 'firefox'], 'firefox-esr');

/**
 * The path of the first of `names` that is on the PATH.
 *
 * @throws Error that names the Debian package to install.
 */
function findProgram(title: string, names: readonly string[], debianPackage: string): string {
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
