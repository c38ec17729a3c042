import type { PluginTemplate, RegistryEntry } from '@backplane/ports';
import type { NewTemplateBody, PluginStatsBody, RegistryEntryBody, TemplateBody } from '@backplane/wire';
import type { ApiParts } from './api-parts.ts';
import { type ApiRoute, filter, pageQuery } from './api-route.ts';
import { numberIn, writeCursor } from './pages.ts';
import { time } from './plugin-body.ts';

const byType = { plugin_type: filter('Of this type, in any case.', 40) };

/** Statistics, and what plugins can be made of: registry and templates. */
export function catalogueRoutes(parts: ApiParts): ApiRoute[] {
  const { control, desk, catalogue, audit } = parts;
  return [
    {
      method: 'GET',
      url: '/api/v1/plugins/stats',
      operationId: 'getPluginStats',
      summary: 'How many plugins there are, by state, type and isolation',
      answers: { 200: ['The statistics.', 'PluginStats'] },
      async handle() {
        const rows = await (await catalogue()).plugins();
        const statuses = control.status();
        const body: PluginStatsBody = {
          total: rows.length,
          enabled: rows.filter(({ enabled }) => enabled).length,
          running: statuses.filter(({ state }) => state.phase === 'running').length,
          by_status: counted(statuses.map(({ state }) => state.phase)),
          by_type: counted(rows.map(({ type }) => type.toUpperCase())),
          by_isolation: counted(statuses.map(({ level }) => level)),
          in_flight: statuses.reduce((sum, { inFlight }) => sum + inFlight, 0),
          services: statuses.reduce((sum, { services }) => sum + services.length, 0),
          generation: control.generation(),
          revision: desk.current.id,
        };
        return { body };
      },
    },
    {
      method: 'GET',
      url: '/api/v1/plugins/registry',
      operationId: 'browseRegistry',
      summary: 'What can be installed',
      query: pageQuery({ ...byType, search: filter('Whose name, title or description holds this.') }),
      answers: { 200: ['One page.', 'RegistryPage'] },
      async handle({ query: { limit, cursor, plugin_type, search } }) {
        const page = { limit: limit + 1, after: numberIn(cursor), type: plugin_type?.toLowerCase(), search };
        return { body: paged(await (await catalogue()).registry(page), limit, registryBody) };
      },
    },
    {
      method: 'GET',
      url: '/api/v1/plugins/templates',
      operationId: 'listTemplates',
      summary: 'What a new plugin can be made from',
      query: pageQuery(byType),
      answers: { 200: ['One page.', 'TemplatePage'] },
      async handle({ query: { limit, cursor, plugin_type } }) {
        const page = { limit: limit + 1, after: numberIn(cursor), type: plugin_type?.toLowerCase() };
        return { body: paged(await (await catalogue()).templates(page), limit, templateBody) };
      },
    },
    {
      method: 'POST',
      url: '/api/v1/plugins/templates',
      operationId: 'createTemplate',
      summary: 'Keep a template',
      body: 'NewTemplate',
      answers: { 201: ['It is kept.', 'Template'] },
      async handle({ body, author: actor, origin }) {
        const { name, files, display_name = name, description = '', plugin_type = 'custom' } = body as NewTemplateBody;
        const type = plugin_type.toLowerCase();
        const made = await (await catalogue()).addTemplate({
          name,
          displayName: display_name,
          description,
          type,
          files,
        });
        await audit.record({ actor, origin, action: 'template.create', target: name });
        return { status: 201, body: templateBody(made) };
      },
    },
  ];
}

function counted(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** One more was asked for than is shown: it says whether there is another page. */
function paged<T extends { readonly id: number }, B>(items: readonly T[], limit: number, bodyOf: (item: T) => B) {
  const page = items.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(bodyOf),
    next_cursor: items.length > limit && last !== undefined ? writeCursor(last.id) : null,
  };
}

const registryBody = (entry: RegistryEntry): RegistryEntryBody => ({
  id: entry.id,
  name: entry.name,
  version: entry.version,
  display_name: entry.displayName,
  description: entry.description,
  author: entry.author,
  plugin_type: entry.type.toUpperCase(),
  source: entry.source,
  digest: entry.digest ?? null,
  published_at: time(entry.publishedAt),
});

const templateBody = (template: PluginTemplate): TemplateBody => ({
  id: template.id,
  name: template.name,
  display_name: template.displayName,
  description: template.description,
  plugin_type: template.type.toUpperCase(),
  files: template.files,
  created_at: time(template.createdAt),
});
