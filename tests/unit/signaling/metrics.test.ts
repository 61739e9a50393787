import { expect, test } from 'vitest';
import { eventually } from './support/eventually.ts';
import { World } from './support/world.ts';

test('[GW24] what happened is counted, under labels that are closed sets', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join({ name: 'Ann' });
  const bob = await world.gateway.join({ name: 'Bob' });
  await ann.ask({ action: 'sendMessage', payload: 'secret', id: 1 });
  ann.say({ action: 'never-seen-before', id: 2 });
  ann.say({ action: 'restartIce', id: 3 });
  await ann.waitFor('error', 2);
  bob.disconnect();
  await eventually(() => world.gateway.switchboard.sessions.size === 1);
  const text = await world.gateway.metrics.metrics();
  for (const line of [
    'sfu_gateway_connections 1',
    'sfu_gateway_connections_opened_total 2',
    'sfu_gateway_connections_closed_total{reason="client"} 1',
    'sfu_gateway_peers 1',
    'sfu_gateway_rooms 1',
    'sfu_gateway_messages_total{direction="in",type="join"} 2',
    'sfu_gateway_messages_total{direction="in",type="invalid"} 1',
    'sfu_gateway_messages_total{direction="out",type="reply"} 3',
    'sfu_gateway_messages_total{direction="out",type="error"} 2',
    'sfu_gateway_request_duration_seconds_count{method="sendMessage",result="ok"} 1',
    'sfu_gateway_request_duration_seconds_count{method="restartIce",result="client_error"} 1',
    'sfu_gateway_request_duration_seconds_count{method="invalid",result="client_error"} 1',
    'sfu_join_duration_seconds_count{result="ok"} 2',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  for (const word of ['Ann', 'secret', 'never-seen-before', 'demo', ann.joined.peerId, 's_']) {
    expect(text).not.toContain(`"${word}`);
  }
});
