export {
  createDirectoryDiscoverer,
  type DirectoryDiscoverer,
  type DirectoryDiscovererOptions,
  discoverDirectory,
} from './discover-directory.ts';
export { DEFAULT_ENTRIES } from './entry-point.ts';
export type { Discovery, DiscoveryProblem, PluginCandidate } from './plugin-candidate.ts';
export { readManifest } from './read-plugin-folder.ts';
