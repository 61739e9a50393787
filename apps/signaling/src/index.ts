import { Gateway, type GatewayOptions } from './gateway.ts';

export { type GatewayConfig, gatewaySettings, readGatewayConfig } from './config.ts';
export { Gateway, type GatewayOptions } from './gateway.ts';
export type { Page, PageFile } from './socket/page.ts';

/** Starts a gateway; resolves once clients can connect. Rejects, with nothing left running, where a step fails. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = new Gateway(options);
  await gateway.start();
  return gateway;
}
