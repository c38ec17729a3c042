import {
  definePlugin,
  type Handover,
  type Needs,
  type Plugin,
  type PluginContext,
  type PluginDefinition,
  type PluginLifecycle,
} from '@backplane/plugin-api';
import type { FastifyInstance } from 'fastify';
import { Book } from './book.ts';
import { strike } from './fault.ts';
import type { Variant } from './variant.ts';

/** The configuration that every plugin of the fleet has. */
export const CONFIG = { greeting: { type: 'string', default: 'ahoy', minLength: 1 } } as const;

export type ShipContext = PluginContext<{ readonly greeting: string }>;

/** What an instance of one kind does besides what all of them do. */
export interface OnBoard extends PluginLifecycle {
  routes?(app: FastifyInstance): void | Promise<void>;
}

/** What one kind of plugin adds to what all of them have. */
export interface Equipment {
  /** Data besides name, version, limits and configuration. */
  readonly data?: Partial<Pick<PluginDefinition, 'kinds' | 'phase' | 'priority' | 'dependencies' | 'provides'>>;
  readonly needs?: Needs;
  /** Called for each instance, in `initialize`. */
  board?(context: ShipContext): OnBoard | undefined | Promise<OnBoard | undefined>;
  /** Without it the counter begins anew with each version. */
  readonly handsOver?: boolean;
}

/**
 * A plugin of the fleet: it reports at its root, can be made to fail in every step of its life, and marks each answer with its build and instance.
 * What its kind adds comes after the fault of the same step.
 */
export function ship(variant: Variant, equipment: Equipment = {}): Plugin {
  const { name, version, limits, replace, aliases } = variant;
  return definePlugin({
    name,
    version,
    ...(limits && { limits }),
    ...(replace && { replace }),
    ...(aliases && { aliases }),
    ...equipment.data,
    needs: equipment.needs ?? {},
    config: CONFIG,
    async initialize(given) {
      const context = given as ShipContext;
      await strike(variant, 'initialize', given as never);
      const book = new Book(variant, context);
      context.scope.add('last effect', () => strike(variant, 'dispose'));
      const own = await equipment.board?.(context);
      context.http.routes(async (app) => {
        await strike(variant, 'routes', given as never);
        addReport(app, variant, context, book);
        addTroubles(app, context);
        await own?.routes?.(app);
      });
      return {
        async start(handover: Handover) {
          await strike(variant, 'start', given as never);
          if (equipment.handsOver) book.takeOver(handover.state);
          await own?.start?.(handover);
        },
        async health() {
          await strike(variant, 'health', given as never);
          const { fault } = variant;
          if (fault?.step === 'health' && fault.way === 'unhealthy')
            return { healthy: false, message: 'made to be sick' };
          return (await own?.health?.()) ?? true;
        },
        async handOver() {
          await strike(variant, 'hand-over');
          const { fault } = variant;
          if (fault?.step === 'hand-over' && fault.way === 'uncloneable') return { ask: () => 'a function' };
          return equipment.handsOver ? book.state : own?.handOver?.();
        },
        async stop() {
          await strike(variant, 'stop');
          await own?.stop?.();
        },
      };
    },
  });
}

function addReport(app: FastifyInstance, { build }: Variant, { plugin }: ShipContext, book: Book): void {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-build', String(build)).header('x-instance', String(plugin.instance));
  });
  app.get<{ Querystring: { n?: string } }>('/', async ({ query }) => book.report(Number(query.n ?? 1)));
}

/** What can go wrong while it runs, at the director's request. */
function addTroubles(app: FastifyInstance, context: ShipContext): void {
  app.post('/trouble/fail', async () => {
    context.fail(new Error('told to fail'));
    return { failing: true };
  });
  app.post('/trouble/reject', async () => {
    setTimeout(() => void Promise.reject(new Error('a rejection that nobody handles')), 1);
    return { rejecting: true };
  });
  app.post('/trouble/crash', async (_request, reply) => {
    if (context.plugin.level === 'inline') return reply.status(409).send({ refused: 'it would end the host' });
    setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    return { crashing: true };
  });
}
