export type { ReceiveCall } from './dispatcher.ts';
export { errors as gatewayErrors } from './errors.ts';
export { createGateway, type Gateway, type GatewayFacet, type GatewayOptions, type ListenOptions } from './gateway.ts';
export type { Layer } from './layer.ts';
export { DEFAULT_LIMITS, type GatewayLimits } from './limits.ts';
export type { Mount, MountTable } from './mount-table.ts';
export type { SystemMount } from './system-mount.ts';
