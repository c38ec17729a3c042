import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ask, apiOf } from './testing/api-client.ts';
import { startShop } from './testing/api-plugins.ts';

const COUNT = 20;
const names = Array.from({ length: COUNT }, (_, index) => `p${index}`);

/** A plugin that says its configuration, and does not start where that says that it does not work. */
const plugin = (name: string, dependencies: readonly (readonly [name: string, optional: boolean])[]) => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: '${name}', version: '1.0.0',
  dependencies: [${dependencies.map(([to, optional]) => `{ name: '${to}', range: '^1.0.0', optional: ${optional} }`)}],
  config: { at: { type: 'integer', default: 0 }, works: { type: 'boolean', default: true } },
  initialize({ config, http }) {
    if (!config.works) throw new Error('It does not work.');
    http.routes((app) => void app.get('/', () => ({ at: config.at })));
  },
});`;

/** Every plugin may depend on those before it. */
const graphs = fc
  .array(fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 3 }), { minLength: COUNT, maxLength: COUNT })
  .map((wants) =>
    wants.map((list, index) =>
      index === 0 ? [] : [...new Map(list.map(([to, optional]) => [`p${to % index}`, optional]))],
    ),
  );

/** What a document says of each plugin. */
const said = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.nat(3).map((at) => ({ config: { at } })) },
  { weight: 1, arbitrary: fc.constant({ enabled: false }) },
);
const documents = fc
  .tuple(fc.array(said, { minLength: COUNT, maxLength: COUNT }), fc.option(fc.nat(COUNT - 1), { freq: 3 }))
  .map(([all, broken]) => {
    const plugins = Object.fromEntries(names.map((name, index) => [name, all[index] as object]));
    return { plugins: broken === null ? plugins : { ...plugins, [`p${broken}`]: { config: { works: false } } } };
  });

interface Step {
  readonly plugin: string;
  readonly action: string;
}
const brief = (steps: readonly Step[]) => steps.map(({ plugin: of, action }) => `${action} ${of}`);

/** All that runs and is wanted, by which two moments can be told apart. */
async function everything(ask: Ask) {
  const { body } = await ask('GET', '/plugins?limit=200');
  const state = await ask('GET', '/admin/state');
  const scopes = await ask('GET', '/admin/scopes');
  const plugins = body.items.map(({ updated_at: _, ...row }: { updated_at: string }) => row);
  return { plugins, wanted: state.body.state, scopes: scopes.body };
}

async function apply(ask: Ask, document: unknown) {
  const { headers } = await ask('POST', '/admin/apply', document);
  const path = (headers.get('location') as string).replace('/api/v1', '');
  for (;;) {
    const { body } = await ask('GET', path);
    if (body.status !== 'running') return body;
    await new Promise((done) => setTimeout(done, 5));
  }
}

describe('the plan of a change', () => {
  it('is what happens where twenty plugins depend on each other, and a change that fails half-way leaves nothing', async () => {
    let made = 0;
    let returned = 0;
    const property = fc.asyncProperty(
      graphs,
      fc.array(documents, { minLength: 8, maxLength: 8 }),
      async (graph, wanted) => {
        await using test = await startShop(
          Object.fromEntries(names.map((name, index) => [`${name}/plugin.ts`, plugin(name, graph[index] ?? [])])),
        );
        const ask = apiOf(test);
        for (const document of wanted) {
          const before = await everything(ask);
          const plan = await ask('POST', '/admin/plan', document);
          expect(await everything(ask)).toEqual(before);
          const operation = await apply(ask, document);
          if (operation.status === 'applied') {
            expect(plan.status).toBe(200);
            expect(brief(operation.result.steps)).toEqual(brief(plan.body.steps));
            const { plugins } = await everything(ask);
            const gone = plan.body.steps
              .filter(({ action }: Step) => action === 'remove')
              .map((step: Step) => step.plugin);
            for (const { name, status } of plugins) if (gone.includes(name)) expect(status).not.toBe('running');
            made++;
          } else {
            const [failed] = Object.entries(document.plugins).filter(
              ([, one]) => 'works' in ((one as { config?: object }).config ?? {}),
            );
            expect([plan.status, failed?.[0], operation]).toEqual([
              200,
              expect.any(String),
              expect.objectContaining({ status: 'returned' }),
            ]);
            expect(await everything(ask)).toEqual(before);
            returned++;
          }
        }
      },
    );
    await fc.assert(property, { numRuns: 4, endOnFailure: true });
    expect(made).toBeGreaterThan(0);
    expect(returned).toBeGreaterThan(0);
  }, 60_000);
});
