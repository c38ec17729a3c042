import { defineErrors } from '@backplane/base';

export const errors = defineErrors('cache', {
  BP_CACHE_KEY_INVALID: {
    title: 'A key is not fit for the cache.',
    status: 400,
    mend: 'Use 1 to 1,024 characters; a digest stands for what is longer.',
    message: (d: { plugin: string; key: string; reason: string }) =>
      `Plugin "${d.plugin}" used ${d.key} as a key of its cache: ${d.reason}.`,
  },
  BP_CACHE_VALUE_INVALID: {
    title: 'A value cannot be kept in the cache.',
    status: 400,
    mend: 'Keep plain data, null where there is nothing.',
    message: (d: { plugin: string; key: string; path: string; reason: string }) =>
      `What plugin "${d.plugin}" wants kept as "${d.key}" cannot be copied${d.path === '' ? '' : ` (at ${d.path})`}: ${d.reason}.`,
  },
  BP_CACHE_TTL_INVALID: {
    title: 'The time that a value should be kept is none.',
    status: 400,
    mend: 'Give milliseconds above 0, or none for the default.',
    message: (d: { plugin: string; key: string; ttl: string }) =>
      `Plugin "${d.plugin}" wants "${d.key}" kept for ${d.ttl}.`,
  },
  BP_CACHE_NAMESPACE_INVALID: {
    title: 'A name is not fit for a namespace of the cache.',
    status: 400,
    mend: 'Use 1 to 64 letters, digits, underscores, dots and hyphens.',
    message: (d: { plugin: string; name: string }) =>
      `Plugin "${d.plugin}" asked for ${d.name} as a namespace of its cache.`,
  },
  BP_CACHE_URL_INVALID: {
    title: 'The address of the cache is none of Redis.',
    mend: 'Set BACKPLANE_CACHE_URL, or the option cache.url, to redis://USER:PASSWORD@HOST:PORT/NUMBER; rediss:// encrypts, valkey:// does as well as redis://.',
    message: (_: Record<string, never>) => 'The address of the cache cannot be read.',
  },
  BP_CACHE_LIMIT_INVALID: {
    title: 'A limit of the cache is none.',
    mend: 'Give a whole number above 0.',
    message: (d: { option: string; value: string }) => `The option ${d.option} is ${d.value}.`,
  },
});
