import type { Binding } from '@sluice/shared';
import type { NodeConfig } from './config.ts';
import { pipeAddress, rtcAddresses } from './settings/addresses.ts';

/** Everything that a node listens on and whose port is known before. Pipes take any free port of their range. */
export function nodeBindings(config: NodeConfig): Binding[] {
  const { workers, rtcPort, opsHost, opsPort } = config;
  const rtcPorts = rtcPort === 0 ? [0] : Array.from({ length: workers }, (_, index) => rtcPort + index);
  const pipeHost = config.pipeListenIp === undefined ? 'RTC_LISTEN_IP' : 'PIPE_LISTEN_IP';
  const rtc = { hostSetting: 'RTC_LISTEN_IP', portSetting: 'RTC_PORT' };
  return [
    { protocol: 'tcp', host: opsHost, port: opsPort, hostSetting: 'OPS_HOST', portSetting: 'OPS_PORT' },
    {
      protocol: 'udp',
      host: pipeAddress(config).ip,
      port: 0,
      hostSetting: pipeHost,
      portSetting: 'PIPE_PORT_MIN',
    },
    ...rtcAddresses(config).flatMap(({ ip }) =>
      rtcPorts.flatMap((port): Binding[] => [
        { protocol: 'udp', host: ip, port, ...rtc },
        { protocol: 'tcp', host: ip, port, ...rtc },
      ]),
    ),
  ];
}
