export { differencesOf } from './differences.ts';
export type { RefusedPlugin } from './errors.ts';
export { type Box, SecretShelf } from './secret-shelf.ts';
export { StateDesk, type StateDeskOptions } from './state-desk.ts';
export { type WantedLayer, wantedLayer } from './wanted-layer.ts';
