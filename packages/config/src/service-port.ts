import { placeName, type SourceProblem, sourceProblem } from '@backplane/wire';
import { type ConfigSourceOptions, createConfigSource } from './config-source.ts';
import { errors } from './errors.ts';
import { placed } from './host-settings.ts';

/** The port that the service is to have which plugins are generated into, and what is wrong with it. */
export interface ServicePort {
  readonly port?: number;
  readonly problems: readonly SourceProblem[];
}

interface Said {
  readonly port: number;
  readonly place: ReturnType<typeof placed>;
}

/**
 * Reads `service.port` of everything that configures a plugin: that is the port of the whole host, so that two of them have to be the same. What is
 * switched off, or is for a service of another name than the host's, is passed over.
 */
export async function readServicePort(options: ConfigSourceOptions): Promise<ServicePort> {
  const configs = createConfigSource(options);
  const said: Said[] = [];
  const problems: SourceProblem[] = [];
  const seen = new Set<string>();
  for (const { names } of await configs.addressed()) {
    const [name = '', ...aliases] = names;
    if (seen.has(name)) continue;
    for (const one of names) seen.add(one);
    const { settings, origins } = await configs.pluginConfig(name, aliases);
    const { service, enabled } = settings;
    if (service?.port === undefined || enabled === false) continue;
    if (service.name !== undefined && options.service !== undefined && service.name !== options.service) continue;
    const { port } = service;
    const place = placed(origins, ['service', 'port']);
    if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) said.push({ port, place });
    else {
      const error = errors.BP_CONFIG_SETTING_INVALID({ key: 'service.port', expected: 'a port from 0 to 65535' });
      problems.push({ ...sourceProblem(error), ...place });
    }
  }
  const [first] = said;
  const other = said.find(({ port }) => port !== first?.port);
  if (first === undefined) return { problems };
  if (other !== undefined) {
    const ports = [first, other].map(({ port, place }) => ({ port, place: placeName(place) }));
    problems.push({ ...sourceProblem(errors.BP_SERVICE_PORTS_DIFFER({ ports })), ...other.place });
  }
  return { port: first.port, problems };
}
