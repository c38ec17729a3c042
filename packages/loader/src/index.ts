export { placeInText } from './code-frame.ts';
export type { SourcePosition, SourceProblem } from './errors.ts';
export { findPlugin } from './find-plugin.ts';
export { createLoader, type LoadedModule, type Loader, type LoaderOptions } from './loader.ts';
export type { Namespace, SharedList } from './shared-modules.ts';
export { enableSourceMaps } from './source-maps.ts';
