// @ts-check
/** @import { Document, Entry } from './openapi.d.ts' */
import { h, prose } from './dom.js';
import { operationView } from './operation-view.js';

const SOURCE = new URL('../openapi.json', import.meta.url).pathname;

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`The page has no ${id}.`);
  return element;
}

const search = byId('search', HTMLInputElement);
const contents = byId('contents', HTMLElement);
const main = byId('main', HTMLElement);
const about = byId('about', HTMLElement);
const status = byId('status', HTMLElement);
const login = byId('login', HTMLFormElement);
const tokenField = byId('token', HTMLInputElement);

/**
 * Kept in this page alone: whatever a plugin serves has the same origin, and could read any store.
 * @type {string | undefined}
 */
let token;
/** @type {string | undefined} */
let shownText;

/** Everything that search hides and shows. @type {{ text: string, row: HTMLElement, link: HTMLElement }[]} */
let rows = [];

async function load() {
  /** @type {Record<string, string>} */
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(SOURCE, { headers, cache: 'no-cache' });
  if (response.status === 401) {
    ask(token === undefined ? '' : 'This is not the token of this host.');
    return;
  }
  if (!response.ok) throw new Error(`${SOURCE} answered ${response.status}.`);
  const text = await response.text();
  login.hidden = true;
  if (text === shownText) return;
  shownText = text;
  render(/** @type {Document} */ (JSON.parse(text)));
}

/** @param {string} problem */
function ask(problem) {
  login.hidden = false;
  byId('problem', HTMLElement).textContent = problem;
  tokenField.focus();
}

/** @param {Document} shown */
function render(shown) {
  document.title = `${shown.info.title} API`;
  const generation = shown['x-backplane-generation'];
  about.replaceChildren(
    ...[
      h('p', { class: 'muted' }, `Version ${shown.info.version} · generation ${generation}`),
      prose(shown.info.description),
    ].filter((part) => part !== undefined),
  );
  const byTag = Map.groupBy(entriesOf(shown), ({ operation }) => operation.tags?.[0] ?? '');
  const tags = [...(shown.tags ?? [])];
  // The host comes last: who reads this looks for what the plugins do.
  const [host, ...plugins] = tags;
  rows = [];
  const sections = [...plugins, ...(host === undefined ? [] : [host])].map((tag) => {
    const entries = byTag.get(tag.name) ?? [];
    const list = h('ul');
    const section = h(
      'section',
      { 'aria-labelledby': `tag-${tag.name}` },
      h('h2', { id: `tag-${tag.name}` }, tag.name),
      prose(tag.description, 'prose muted'),
    );
    for (const entry of entries) {
      const row = operationView(shown, entry, () => token);
      const link = h(
        'li',
        {},
        h(
          'a',
          { href: `#${entry.operation.operationId}` },
          h('span', { class: `method small ${entry.method}` }, entry.method.toUpperCase()),
          h('span', {}, shortPath(entry.path, tag.name)),
        ),
      );
      const { operationId, summary = '', tags: named = [] } = entry.operation;
      rows.push({
        text: [entry.method, entry.path, operationId, summary, ...named].join(' ').toLowerCase(),
        row,
        link,
      });
      section.append(row);
      list.append(link);
    }
    return { section, group: h('li', {}, h('a', { href: `#tag-${tag.name}`, class: 'tag' }, tag.name), list) };
  });
  main.replaceChildren(...sections.map(({ section }) => section));
  contents.replaceChildren(h('ul', {}, ...sections.map(({ group }) => group)));
  filter();
  openTarget();
}

/** @param {Document} shown @returns {Entry[]} */
function entriesOf({ paths }) {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
  );
}

/** @param {string} path @param {string} tag */
function shortPath(path, tag) {
  return path.startsWith(`/${tag}/`) ? path.slice(tag.length + 1) : path;
}

/** Shows what has all the words that are searched for. */
function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { text, row, link } of rows) {
    const hidden = !words.every((word) => text.includes(word));
    row.hidden = hidden;
    link.hidden = hidden;
    if (!hidden) found++;
  }
  for (const group of [...main.children, ...(contents.firstElementChild?.children ?? [])]) {
    if (group instanceof HTMLElement)
      group.hidden = group.querySelector('details.operation:not([hidden]), ul > li:not([hidden])') === null;
  }
  status.textContent = found === rows.length ? `${found} operations` : `${found} of ${rows.length} operations`;
}

/** Opens the operation that the address names. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target === null) return;
  if (target instanceof HTMLDetailsElement) target.open = true;
  target.scrollIntoView();
}

/** @param {unknown} error */
function failed(error) {
  status.textContent = `The document could not be loaded: ${/** @type {Error} */ (error).message}`;
}

login.addEventListener('submit', (event) => {
  event.preventDefault();
  token = tokenField.value.trim();
  tokenField.value = '';
  load().catch(failed);
});
search.addEventListener('input', filter);
addEventListener('hashchange', openTarget);
addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
  if (event.key === '/' && !typing) {
    event.preventDefault();
    search.focus();
  } else if (event.key === 'Escape' && event.target === search) {
    search.value = '';
    filter();
  }
});
// Whoever comes back after saving a plugin finds what runs now.
addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && login.hidden) load().catch(failed);
});
load().catch(failed);
