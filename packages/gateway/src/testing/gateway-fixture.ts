import type { AddressInfo } from 'node:net';
import type { Logger } from '@backplane/plugin-api';
import type { HttpFacet, Unavailable } from '@backplane/ports';
import { createGateway, type Gateway, type GatewayOptions } from '../gateway.ts';
import { FakeHost, type FakeInstance, fakeInstance, type LogLine, recordingLogger } from './fake-host.ts';

type PluginShape = Parameters<typeof fakeInstance>[0];

/** A listening gateway with plugins that a test puts together. */
export interface GatewayFixture {
  readonly host: FakeHost;
  readonly gateway: Gateway;
  readonly logger: Logger & { readonly lines: LogLine[] };
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Makes an instance; it serves from the next `publish` on. */
  plugin(shape: PluginShape, initialize: (http: HttpFacet) => void): FakeInstance;
  /** Makes a generation of these instances. */
  publish(instances: readonly FakeInstance[], unavailable?: readonly Unavailable[]): void;
  close(): Promise<void>;
}

export async function startGateway(options: Partial<GatewayOptions> = {}): Promise<GatewayFixture> {
  const host = new FakeHost();
  const logger = recordingLogger();
  const gateway = createGateway({ entrances: host, logger, ...options });
  const instances = new Set<FakeInstance>();
  host.publish(gateway.part, []);
  const address = (await gateway.listen({ host: '127.0.0.1', port: 0 })) as AddressInfo;
  return {
    host,
    gateway,
    logger,
    origin: `http://127.0.0.1:${address.port}`,
    plugin(shape, initialize) {
      const instance = fakeInstance(shape);
      initialize(gateway.facet(instance));
      instances.add(instance);
      return instance;
    },
    publish(current, unavailable) {
      host.publish(gateway.part, current, unavailable);
    },
    async close() {
      await gateway.close({ deadlineMs: 1000 });
      for (const instance of instances) await instance.dispose();
    },
  };
}
