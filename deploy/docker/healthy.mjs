// Ends with 0 when this container's private port answers the path with 200: node healthy.mjs /healthz|/readyz
// Every container runs this every few seconds, and loading fetch() would cost three times as much CPU as all the rest.

import { get } from 'node:http';

const [path = '/healthz'] = process.argv.slice(2);

process.exitCode = 1;
// All addresses are no address to ask at.
const all = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' };
const host = process.env.OPS_HOST ?? '';

get({ host: all[host] ?? host, port: process.env.OPS_PORT, path }, (answer) => {
  // The body says why not, and the engine keeps it with the container's health.
  answer.pipe(process.stdout);
  if (answer.statusCode === 200) process.exitCode = 0;
}).on('error', ({ message }) => console.error(message));
