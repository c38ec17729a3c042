export { createHost, type Host, type HostStart } from './create-host.ts';
export type { HostOptions } from './host-options.ts';
export { type LiveChange, liveLine } from './live-plugins.ts';
