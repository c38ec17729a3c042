// @ts-check
/** @import { Document, Entry, Parameter } from './openapi.d.ts' */
import { h } from './dom.js';
import { exampleOf, typeOf } from './schema.js';

/** Where the paths of the document begin: the host may stand below a prefix of another server. */
const BASE = new URL('../../..', import.meta.url).pathname.replace(/\/$/, '');
/** Characters of an answer that are shown. */
const MOST_SHOWN = 100_000;

/**
 * A form that sends the operation to this host, and shows what comes back.
 * @param {Document} document
 * @param {Entry} entry
 * @param {() => string | undefined} token The management token, which goes to pages of the host alone
 * @returns {HTMLElement}
 */
export function tryIt(document, { method, path, operation }, token) {
  const parameters = operation.parameters ?? [];
  const inputs = parameters.map((parameter) => ({
    parameter,
    input: inputFor(document, parameter, operation.operationId),
  }));
  const [mediaType, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const body =
    mediaType === undefined
      ? undefined
      : h(
          'textarea',
          { rows: '8', spellcheck: 'false', id: `body-${operation.operationId}` },
          example(document, mediaType, content?.schema),
        );
  const answer = h('div', { class: 'answer', 'aria-live': 'polite' });
  const send = h('button', { type: 'submit', class: 'send' }, 'Send');
  const form = h(
    'form',
    { class: 'try' },
    ...inputs.map(({ parameter, input }) =>
      h('label', {}, h('span', {}, h('code', {}, parameter.name), ` in ${parameter.in}`), input),
    ),
    body && h('label', { for: body.id }, h('span', {}, 'Body ', h('code', {}, mediaType ?? '')), body),
    h('div', { class: 'actions' }, send),
    answer,
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    send.disabled = true;
    const values = inputs.map(({ parameter, input }) => ({ parameter, value: input.value }));
    const headers = new Headers();
    for (const { parameter, value } of values) {
      if (parameter.in === 'header' && value !== '') headers.set(parameter.name, value);
    }
    if (mediaType !== undefined) headers.set('content-type', mediaType);
    const known = operation.security === undefined ? undefined : token();
    if (known !== undefined) headers.set('authorization', `Bearer ${known}`);
    const url = urlOf(path, values);
    const began = performance.now();
    try {
      const response = await fetch(url, {
        method: method.toUpperCase(),
        headers,
        body: body?.value ?? null,
        cache: 'no-store',
      });
      const text = await response.text();
      answer.replaceChildren(...answerView(response, text, `${url} · ${Math.round(performance.now() - began)} ms`));
    } catch (error) {
      answer.replaceChildren(h('p', { class: 'failed' }, `Nothing came back: ${/** @type {Error} */ (error).message}`));
    } finally {
      send.disabled = false;
    }
  });
  return form;
}

/** @param {Document} document @param {Parameter} parameter @param {string} operationId */
function inputFor(document, parameter, operationId) {
  const wanted = exampleOf(document, parameter.schema);
  return h('input', {
    name: `${operationId}-${parameter.name}`,
    autocomplete: 'off',
    placeholder: typeOf(document, parameter.schema),
    required: parameter.required === true,
    value: parameter.required === true && wanted !== null && typeof wanted !== 'object' ? String(wanted) : undefined,
  });
}

/** @param {Document} document @param {string} mediaType @param {import('./openapi.d.ts').Schema | undefined} schema */
function example(document, mediaType, schema) {
  return mediaType.includes('json') ? JSON.stringify(exampleOf(document, schema), null, 2) : '';
}

/**
 * @param {string} path
 * @param {readonly { parameter: Parameter, value: string }[]} values
 */
function urlOf(path, values) {
  const inPath = new Map(
    values.filter(({ parameter }) => parameter.in === 'path').map((item) => [item.parameter.name, item.value]),
  );
  const target =
    BASE +
    path.replace(/\{([^}]*)\}/g, (_, name) => {
      const value = encodeURIComponent(inPath.get(name) ?? '');
      return name === 'rest' ? value.replaceAll('%2F', '/') : value;
    });
  const query = new URLSearchParams();
  for (const { parameter, value } of values)
    if (parameter.in === 'query' && value !== '') query.append(parameter.name, value);
  return query.size === 0 ? target : `${target}?${query}`;
}

/** @param {Response} response @param {string} text @param {string} how */
function answerView(response, text, how) {
  const type = response.headers.get('content-type') ?? '';
  let shown = text;
  if (type.includes('json')) {
    try {
      shown = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // Shown as it came.
    }
  }
  const cut =
    shown.length > MOST_SHOWN ? `${shown.slice(0, MOST_SHOWN)}\n… ${shown.length - MOST_SHOWN} more characters` : shown;
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  return [
    h(
      'p',
      {},
      h('strong', { class: response.ok ? 'good' : 'bad' }, `${response.status} ${response.statusText}`),
      ` ${how}`,
    ),
    h('details', {}, h('summary', {}, 'Headers'), h('pre', {}, headers)),
    cut === '' ? h('p', { class: 'muted' }, 'No body.') : h('pre', { class: 'body', tabindex: '0' }, cut),
  ];
}
