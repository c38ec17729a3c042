export { createCompositeDiscoverer } from './composite-discoverer.ts';
export { createDirectoryDiscoverer, type DirectoryDiscovererOptions, discoverDirectory } from './discover-directory.ts';
export { discoverModule, type NamedModule } from './discover-module.ts';
export { createPackageDiscoverer, type PackageDiscovererOptions } from './discover-packages.ts';
export { DEFAULT_ENTRIES } from './entry-point.ts';
export type { Discovery, DiscoveryProblem, PluginCandidate, PluginDiscoverer } from './plugin-candidate.ts';
export { readManifest } from './read-plugin-folder.ts';
