// A client in a process of its own, to be killed: joins the room of its first argument by the gateway of its second.

import { Person } from '../support/native/person.ts';

const [room = '', url = ''] = process.argv.slice(2);
const person = await Person.join({ url, room, name: 'Vanisher', publishes: ['audio'] });
process.stdout.write(`${person.peerId}\n`);
