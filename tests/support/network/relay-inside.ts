// In a network namespace: passes what comes by a socket file on to a TCP port of this namespace's own loopback.

import { connect, createServer } from 'node:net';
import { joined } from './splice.ts';

const [file = '', port = ''] = process.argv.slice(2);
createServer((outside) => joined(outside, connect(Number(port), '127.0.0.1'))).listen(file, () => {
  process.stdout.write('listening\n');
});
