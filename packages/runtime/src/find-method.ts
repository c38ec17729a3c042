import type { Kernel } from '@backplane/kernel';
import { errors } from './errors.ts';

/** A method of one of a plugin's services. */
export interface FoundMethod {
  readonly service: string;
  readonly method: string;
}

/**
 * Finds a method of a plugin that runs, as people name it: `charge`, or with its service, `gateway.charge` or `payments.gateway.charge`.
 * @throws BP_METHOD_UNKNOWN, BP_SERVICE_AMBIGUOUS
 */
export async function findMethod(
  kernel: Kernel,
  plugin: string,
  asked: string,
  service?: string,
): Promise<FoundMethod> {
  const own = (await kernel.services.discover({ plugin })).filter((info) => info.plugin === plugin);
  const at = asked.lastIndexOf('.');
  const method = asked.slice(at + 1);
  const named = service ?? (at === -1 ? undefined : asked.slice(0, at));
  const meant = named === undefined ? own : own.filter(({ id, name }) => id === named || name === named);
  const able = meant.filter(({ methods }) => methods.includes(method));
  const [found, another] = able;
  if (found === undefined) {
    const methods = own.flatMap(({ id, methods: names }) => names.map((name) => `${id}.${name}`));
    throw errors.BP_METHOD_UNKNOWN({ plugin, method: asked, methods });
  }
  if (another !== undefined) throw errors.BP_SERVICE_AMBIGUOUS({ plugin, method, services: able.map(({ id }) => id) });
  return { service: found.id, method };
}
