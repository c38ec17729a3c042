// @ts-check
/** @import { Document, Schema } from './openapi.d.ts' */
import { fold, h, prose } from './dom.js';
import { limitsOf, partsOf, resolved, typeOf } from './schema.js';

/** Whether a schema has more to tell than its type. @param {Document} document @param {Schema} given */
function saysMore(document, given) {
  const { schema } = resolved(document, given);
  return schema.description !== undefined || limitsOf(schema).length > 0 || partsOf(schema).length > 0;
}

/**
 * Type, limits and description of a schema in a row, and its parts below when it is opened.
 * @param {Document} document
 * @param {Schema | undefined} given
 * @param {{ name?: string | undefined, required?: boolean, open?: boolean, description?: string | undefined }} [about]
 * @returns {HTMLElement}
 */
export function schemaView(document, given, { name, required = false, open = false, description } = {}) {
  const { schema } = resolved(document, given);
  const parts = partsOf(schema).filter(({ name, schema }) => name !== 'each item' || saysMore(document, schema));
  const facts = h(
    'span',
    { class: 'facts' },
    name === undefined ? undefined : h('code', { class: 'name' }, name),
    h('span', { class: 'type' }, typeOf(document, given)),
    required ? h('span', { class: 'required' }, 'required') : undefined,
    schema.deprecated === true ? h('span', { class: 'deprecated' }, 'deprecated') : undefined,
    ...limitsOf(schema).map((limit) => h('span', { class: 'limit' }, limit)),
  );
  const text = prose(description ?? schema.description, 'note');
  if (parts.length === 0) return h('div', { class: 'schema leaf' }, facts, text);
  const list = () => [
    h('ul', { class: 'parts' }, ...parts.map((part) => h('li', {}, schemaView(document, part.schema, part)))),
  ];
  const details = fold(h('summary', {}, facts, text), list, { class: 'schema' });
  details.open = open;
  return details;
}
