// Programs that the tests start as they are: a Redis server, two browsers, iptables and ip, which cut and build networks,
// and faketime, which sets one process's clock wrong.

import { ensurePackages, hasApt } from './debian.mjs';
import { SetupFailure } from './failure.mjs';
import { findProgram, outputOf } from './run.mjs';
import { withLine } from './terminal.mjs';

const PROGRAMS = {
  redis: {
    title: 'Redis server',
    commands: ['redis-server'],
    package: 'redis-server',
    elsewhere: 'install Redis 7 or newer so that `redis-server` is on the PATH (macOS: brew install redis)',
    // The tests start servers of their own; none is wanted on the standard port.
    afterInstall: () => {
      outputOf('service', ['redis-server', 'stop']);
      outputOf('systemctl', ['disable', 'redis-server']);
    },
  },
  chromium: {
    title: 'Chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
    package: 'chromium',
    elsewhere: 'install Chromium or Chrome so that `chromium` or `google-chrome` is on the PATH',
    afterInstall: () => {},
  },
  firefox: {
    title: 'Firefox',
    commands: ['firefox-esr', 'firefox'],
    package: 'firefox-esr',
    elsewhere: 'install Firefox so that `firefox` is on the PATH',
    afterInstall: () => {},
  },
  iproute2: {
    title: 'iproute2',
    commands: ['ip'],
    package: 'iproute2',
    elsewhere: 'install iproute2 so that `ip` is on the PATH',
    afterInstall: () => {},
  },
  iptables: {
    title: 'iptables',
    commands: ['iptables'],
    package: 'iptables',
    elsewhere: 'install iptables so that `iptables` is on the PATH',
    afterInstall: () => {},
  },
  faketime: {
    title: 'libfaketime',
    commands: ['faketime'],
    package: 'faketime',
    elsewhere: 'install libfaketime so that `faketime` is on the PATH',
    afterInstall: () => {},
  },
};

/** `name`: a key of PROGRAMS. */
export async function ensureProgram(name) {
  const program = PROGRAMS[name];
  if (findProgram(...program.commands)) return;
  if (!hasApt()) throw new SetupFailure(`${program.title} is missing`, 'the tests start it', program.elsewhere);
  await withLine(`installing ${program.title}`, async (progress) => {
    await ensurePackages([program.package], `Testing with ${program.title}`, progress);
    program.afterInstall();
    return program.title;
  });
}
