import { setImmediate as turn } from 'node:timers/promises';
import { isBackplaneError } from '@backplane/base';
import type { AroundMiddleware } from '@backplane/plugin-api';
import type { FastifyInstance } from 'fastify';
import type { FakeInstance } from './fake-host.ts';
import { useGateway } from './use-gateway.ts';

/** A gateway for each test, and what it takes to see the order in which a request passes its middleware. */
export function useOnion() {
  const fixture = useGateway();
  const get = (path: string, init?: RequestInit) => fetch(fixture.current.origin + path, init);
  const events = () => fixture.current.host.events;

  let order = 0;
  /** A plugin with one middleware; the first one made is outermost. */
  function around(name: string, handle: AroundMiddleware['handle']): FakeInstance {
    return fixture.current.plugin({ name, phase: 'middleware', priority: order++ }, (http) =>
      http.middleware({ handle }),
    );
  }

  /** Middleware that writes down how a request passes it. */
  function tracer(name: string): FakeInstance {
    return around(name, async (_, next) => {
      events().push(`${name} in`);
      try {
        const response = await next();
        events().push(`${name} out ${response.committed ? 'committed' : response.status}`);
        return response;
      } catch (thrown) {
        events().push(`${name} threw ${isBackplaneError(thrown) ? thrown.code : thrown}`);
        throw thrown;
      }
    });
  }

  const served = (routes: (app: FastifyInstance) => void) =>
    fixture.current.plugin({ name: 'served' }, (http) => http.routes(routes));

  async function left(): Promise<void> {
    await fixture.current.host.idle();
    await turn();
  }

  return { fixture, get, events, around, tracer, served, left };
}
