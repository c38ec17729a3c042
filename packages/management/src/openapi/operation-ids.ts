import type { RouteDescription } from '@backplane/ports';
import { isMap } from './schema-keywords.ts';

/** Gives every operation of a document a name of its own: the plugin's name, then the operation's. */
export class OperationIds {
  readonly #taken = new Set<string>();

  next(owner: string, route: RouteDescription): string {
    const said: unknown = isMap(route.operation) ? route.operation.operationId : undefined;
    const own = typeof said === 'string' && /^[\w.-]{1,100}$/.test(said) ? said : nameOf(owner, route);
    const wanted = `${owner}.${own}`;
    let id = wanted;
    for (let n = 2; this.#taken.has(id); n++) id = `${wanted}_${n}`;
    this.#taken.add(id);
    return id;
  }
}

/** `GET /shop/orders/:id` of `shop` is `getOrdersById`. */
function nameOf(owner: string, { method, url }: RouteDescription): string {
  const segments = url.split('/').filter((segment) => segment !== '');
  if (segments[0] === owner) segments.shift();
  const words = segments.flatMap((segment) => {
    const parameter = segment.startsWith(':') || segment === '*';
    const letters = segment === '*' ? ['rest'] : (segment.replace(/\(.*\)/, '').match(/[A-Za-z0-9]+/g) ?? []);
    return parameter ? ['by', ...letters] : letters;
  });
  return method.toLowerCase() + words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
}
