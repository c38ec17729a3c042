import { errors } from './errors.ts';

/** Checks the address of a Redis or Valkey. It is not repeated in what is thrown: it may hold a password. @throws BP_CACHE_URL_INVALID */
export function redisUrl(text: string): string {
  const url = text.replace(/^valkey(s?):/, 'redis$1:');
  const { protocol, hostname, pathname } = URL.parse(url) ?? {};
  if (/^rediss?:$/.test(protocol ?? '') && hostname && /^\/?\d*$/.test(pathname ?? '')) return url;
  throw errors.BP_CACHE_URL_INVALID({});
}
