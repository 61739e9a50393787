import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that can go dead without closing: connections stand, and nothing comes through any more. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections were made through it, ever. */
  readonly connections: number;
  /** From now on nothing that the server says reaches the connections that said `text` to it. */
  muffle(text: string): void;
}

interface Passage {
  said: string;
  muffled: boolean;
  client: Socket;
  server: Socket;
}

/** What a client said is remembered this far: enough to tell a subscriber from the rest. */
const rememberedCharacters = 65_536;

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const passages: Passage[] = [];
  const listener = createServer((client) => passages.push(open(client, targetPort)));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.');
  return {
    port: address.port,
    get connections() {
      return passages.length;
    },
    muffle(text) {
      for (const passage of passages) if (passage.said.includes(text)) passage.muffled = true;
    },
    async [Symbol.asyncDispose]() {
      for (const { client, server } of passages) for (const socket of [client, server]) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}

function open(client: Socket, targetPort: number): Passage {
  const passage: Passage = { said: '', muffled: false, client, server: connect(targetPort, '127.0.0.1') };
  const { server } = passage;
  client.on('data', (data) => {
    passage.said = (passage.said + data.toString('latin1')).slice(0, rememberedCharacters);
    server.write(data);
  });
  server.on('data', (data) => {
    if (!passage.muffled) client.write(data);
  });
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
  return passage;
}
