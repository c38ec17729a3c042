import { defineErrors, definePlugin } from '@backplane/plugin-api';

const errors = defineErrors({
  BP_HELLO_NOBODY: {
    title: 'Nobody is greeted',
    status: 400,
    mend: 'Put a name into the path, as in /hello/Ada.',
    message: ({ name }: { name: string }) => `"${name}" is nobody's name.`,
  },
});

// Everything the host must know before it runs the plugin stands here, or in plugin.yaml beside this file.
export default definePlugin({
  name: 'hello',
  version: '1.0.0',
  // Set in config/plugins/hello.yaml. The types of `config` below come from here.
  config: {
    greeting: { type: 'string', minLength: 1, default: 'Hello' },
  },

  // Prepares, beside the version that serves. Nothing done here is seen from outside before everything is ready.
  initialize({ config, http, scope, logger }) {
    let greeted = 0;

    // Served at /hello/NAME. `app` is a Fastify app of this plugin's own.
    http.routes((app) => {
      app.get<{ Params: { name: string } }>('/:name', async ({ params: { name } }) => {
        if (name.trim() === '') throw errors.BP_HELLO_NOBODY({ name });
        greeted++;
        return { text: `${config.greeting}, ${name}.`, greeted };
      });
    });

    // Belongs to the scope: it waits until the plugin is activated, and stops when it is replaced.
    scope.interval('report', 60_000, () => logger.info('greeted so far', { greeted }));

    return {
      // What this version leaves, the next one finds: no greeting is forgotten in a reload.
      handOver: () => ({ greeted }),
      start: ({ state }) => {
        if (isCount(state)) greeted += state.greeted;
      },
      health: () => ({ healthy: true, greeted }),
    };
  },
});

/** Another version wrote the state: it is checked before it is believed. */
function isCount(state: unknown): state is { readonly greeted: number } {
  return typeof state === 'object' && state !== null && 'greeted' in state && typeof state.greeted === 'number';
}
