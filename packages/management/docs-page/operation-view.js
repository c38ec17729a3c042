// @ts-check
/** @import { Content, Document, Entry, Reference, Response } from './openapi.d.ts' */
import { fold, h, inline, prose } from './dom.js';
import { lookUp } from './schema.js';
import { schemaView } from './schema-view.js';
import { tryIt } from './try-it.js';

/**
 * One operation: a line, and everything about it below when it is opened.
 * @param {Document} document
 * @param {Entry} entry
 * @param {() => string | undefined} token
 * @returns {HTMLDetailsElement}
 */
export function operationView(document, entry, token) {
  const { method, path, operation } = entry;
  const closed = operation.security !== undefined;
  const summary = h(
    'summary',
    { class: 'line' },
    h('span', { class: `method ${method}` }, method.toUpperCase()),
    h('code', { class: operation.deprecated === true ? 'path gone' : 'path' }, ...breakable(path)),
    h('span', { class: 'what' }, ...inline(operation.summary ?? '')),
    closed ? h('span', { class: 'closed', title: 'Asks for the management token' }, 'token') : undefined,
  );
  return fold(summary, () => about(document, entry, token), { class: 'operation', id: operation.operationId });
}

/** @param {Document} document @param {Entry} entry @param {() => string | undefined} token */
function about(document, entry, token) {
  const { operation } = entry;
  const parameters = operation.parameters ?? [];
  return [
    h(
      'div',
      { class: 'about' },
      operation.deprecated === true ? h('p', { class: 'deprecated' }, 'Deprecated: it may go away.') : undefined,
      prose(operation.description),
      h('p', { class: 'muted' }, 'Id ', h('code', {}, operation.operationId)),
      ...section(
        'Parameters',
        parameters.map((parameter) =>
          schemaView(document, parameter.schema, {
            name: parameter.name,
            required: parameter.required === true,
            description: [`In ${parameter.in}.`, parameter.description ?? ''].join(' ').trim(),
          }),
        ),
      ),
      ...section('Body', contentView(document, operation.requestBody?.content)),
      ...section(
        'Answers',
        Object.entries(operation.responses ?? {}).map(([status, response]) => answerView(document, status, response)),
      ),
      fold(h('summary', { class: 'opens' }, 'Try it'), () => [tryIt(document, entry, token)], { class: 'try-it' }),
    ),
  ];
}

/** @param {string} title @param {readonly (HTMLElement | undefined)[]} content */
function section(title, content) {
  return content.length === 0 ? [] : [h('h4', {}, title), h('div', { class: 'box' }, ...content)];
}

/** @param {Document} document @param {Content | undefined} content */
function contentView(document, content) {
  return Object.entries(content ?? {}).map(([mediaType, { schema }]) =>
    h(
      'div',
      { class: 'content' },
      h('code', { class: 'media' }, mediaType),
      schemaView(document, schema, { open: true }),
    ),
  );
}

/** @param {Document} document @param {string} status @param {Response | Reference} given */
function answerView(document, status, given) {
  const found = '$ref' in given ? lookUp(document, given.$ref) : given;
  const response = /** @type {Response} */ (found ?? { description: '' });
  const kind = status.startsWith('2')
    ? 'good'
    : status === 'default'
      ? ''
      : status.startsWith('4') || status.startsWith('5')
        ? 'bad'
        : '';
  const label = status === 'default' ? 'any other' : status;
  const line = [h('strong', { class: kind }, label), h('span', { class: 'what' }, ...inline(response.description))];
  if (response.content === undefined) return h('div', { class: 'response' }, ...line);
  return fold(h('summary', {}, ...line), () => contentView(document, response.content), { class: 'response' });
}

/** Lets a long path be broken behind its slashes. @param {string} path */
function breakable(path) {
  return path.split(/(?<=\/)/).flatMap((part, index) => (index === 0 ? [part] : [h('wbr'), part]));
}
