export type { Call, CallInit, Entrances, GenerationDraft, GenerationPart, Unavailable, View } from './generation.ts';
export type {
  CarriedCall,
  ForwardTarget,
  HttpFacet,
  InstanceDriver,
  InstanceHost,
  InstanceInfo,
  PluginUnit,
  RemoteService,
} from './instance.ts';
export type { KeySigner } from './key-signer.ts';
export type { DependencyData, NeedData, PluginData } from './plugin-data.ts';
