import type * as protocol from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';

/**
 * The protocol's media shapes and mediasoup-client's are the same on the wire and differ as types: its own are unions of
 * known names where the protocol bounds lengths, and of `unknown` where the protocol lists scalars. They meet here.
 */
export const toLocalCapabilities = (capabilities: protocol.RtpCapabilities): types.RtpCapabilities =>
  capabilities as types.RtpCapabilities;

export const toWireCapabilities = (capabilities: types.RtpCapabilities): protocol.RtpCapabilities =>
  capabilities as protocol.RtpCapabilities;

export const toLocalRtpParameters = (parameters: protocol.RtpParameters): types.RtpParameters =>
  parameters as types.RtpParameters;

export const toWireRtpParameters = (parameters: types.RtpParameters): protocol.RtpParameters =>
  parameters as protocol.RtpParameters;

export const toWireSctpStreamParameters = (parameters: types.SctpStreamParameters): protocol.SctpStreamParameters =>
  parameters as protocol.SctpStreamParameters;

/** A transport's parameters as `createSendTransport` and `createRecvTransport` take them. */
export function toTransportOptions(parameters: protocol.TransportParameters): types.TransportOptions {
  const { sctpParameters, ...rest } = parameters;
  if (!sctpParameters) return rest;
  // mediasoup names both directions' sizes apart since 3.20; the protocol gives the one number that holds for both.
  const { maxMessageSize } = sctpParameters;
  const sizes = { maxSendMessageSize: maxMessageSize, maxReceiveMessageSize: maxMessageSize };
  return { ...rest, sctpParameters: { ...sctpParameters, ...sizes } };
}
