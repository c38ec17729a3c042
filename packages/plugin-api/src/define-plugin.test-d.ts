import { currentCall } from './call-context.ts';
import { definePlugin, type Plugin } from './define-plugin.ts';

const named = { name: 'x', version: '1.0.0' } as const;

const plugin: Plugin = definePlugin({
  ...named,
  displayName: 'X',
  aliases: ['y'],
  kinds: ['service', 'middleware'],
  type: 'utility',
  phase: 'middleware',
  priority: 10,
  dependencies: ['a', { name: 'b', range: '^1.0.0', optional: true }],
  replace: 'stop-first',
  limits: { initialize: 1000, drain: 60_000 },
  async initialize(context) {
    const seen = currentCall();
    // @ts-expect-error outside a call there is none
    seen.principal;
    const deadline: number | undefined = seen?.deadline;
    // @ts-expect-error a call cannot be changed
    if (seen) seen.deadline = 1;

    context.scope.interval('tick', 1000, (call) => void call.principal.id);
    // @ts-expect-error an effect has a label
    context.scope.interval(1000, () => {});
    // @ts-expect-error what is used is disposable
    context.scope.use('label', { close() {} });
    context.scope.use('label', { [Symbol.dispose]() {} });
    // @ts-expect-error a resource says how to give it up
    await context.scope.resource('port', () => ({ value: 1 }));
    const port: number = await context.scope.resource('port', () => ({ value: 1, dispose() {} }));
    // @ts-expect-error no such algorithm
    await context.security.sign({ keyId: 'k', algorithm: 'MD5', data: new Uint8Array() });

    context.http.routes((app) => {
      app.get('/who', async (request) => request.call.principal.id);
    });
    context.http.middleware({
      async handle(request, next) {
        if (request.method === 'TRACE') return request.respond({ status: 405 });
        const response = await next();
        response.headers.set('x-seen', '1');
        return response;
      },
    });
    // @ts-expect-error middleware gives an answer back
    context.http.middleware({ handle: async (_request, next) => void (await next()) });
    // @ts-expect-error a response of fetch is no answer
    context.http.middleware({ handle: async () => new Response('no') });

    return {
      start: ({ state, fromVersion }) => void [state, fromVersion, deadline, port],
      health: () => ({ status: 'degraded', message: 'slow', queue: 12 }),
      handOver: () => ({ count: 1 }),
    };
  },
});
definePlugin({ ...named, dependencies: { a: '^1.0.0' } });
void plugin;

// @ts-expect-error a plugin has a name
definePlugin({ version: '1.0.0' });
// @ts-expect-error a plugin has a version
definePlugin({ name: 'x' });
// @ts-expect-error a version is a text
definePlugin({ name: 'x', version: 1 });
// @ts-expect-error there is no such phase
definePlugin({ ...named, phase: 'bussiness' });
// @ts-expect-error there is no such kind
definePlugin({ ...named, kinds: ['route'] });
// @ts-expect-error there is no such type
definePlugin({ ...named, type: 'payments' });
// @ts-expect-error there is no such way to be replaced
definePlugin({ ...named, replace: 'stop_first' });
// @ts-expect-error a key is misspelt
definePlugin({ ...named, prority: 10 });
// @ts-expect-error a key of plugin.yaml: in code it is displayName
definePlugin({ ...named, display_name: 'X' });
// @ts-expect-error a limit is misspelt
definePlugin({ ...named, limits: { initialise: 1000 } });
// @ts-expect-error limits are milliseconds
definePlugin({ ...named, limits: { start: '1s' } });
// @ts-expect-error the host starts a plugin; what it does then stands in what initialize returns
definePlugin({ ...named, start() {} });
// @ts-expect-error start is a function
definePlugin({ ...named, initialize: () => ({ start: 1 }) });
// @ts-expect-error there is no such status
definePlugin({ ...named, initialize: () => ({ health: () => ({ status: 'fine' }) }) });
// @ts-expect-error a number is no health
definePlugin({ ...named, initialize: () => ({ health: () => 1 }) });
// @ts-expect-error none of the parts is known
definePlugin({ ...named, initialize: () => ({ dispose() {} }) });

definePlugin({
  ...named,
  initialize({ http }) {
    http.middleware({
      onRequest: (request) => void request.headers,
      onResponse: (_request, { headers }) => headers.set('x', '1'),
    });
    // @ts-expect-error a function around, or two hooks: not both
    http.middleware({ handle: (_request, next) => next(), onRequest() {} });
    // @ts-expect-error a hook is misspelt
    http.middleware({ onReply() {} });
    // @ts-expect-error a hook on the way out changes the answer it is given, and returns none
    http.middleware({ onResponse: (_request, response) => response });
  },
});

definePlugin({
  ...named,
  config: { limit: { type: 'integer', default: 3 }, city: { type: 'string' } },
  initialize() {
    return {
      reconfigure(next, previous) {
        const limit: number = next.limit - previous.limit;
        // @ts-expect-error it may be absent
        const city: string = next.city;
        // @ts-expect-error it is frozen
        next.limit = 4;
        if (limit > 0 && city) return 'replace';
      },
    };
  },
});

definePlugin({
  ...named,
  // @ts-expect-error no such answer
  initialize: async () => ({ reconfigure: () => 'later' }),
});

definePlugin({ ...named, limits: { reconfigure: 100 }, initialize: () => ({ async reconfigure() {} }) });
