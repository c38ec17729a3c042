// @ts-check

/**
 * Makes an element. Texts are only ever texts: nothing that a plugin says can become markup.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Readonly<Record<string, string | boolean | undefined>>} attributes `false` and `undefined` leave an attribute out
 * @param {...(Node | string | undefined)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/**
 * A text with paragraphs, and code between backticks.
 * @param {string | undefined} text
 * @param {string} [className]
 * @returns {HTMLElement | undefined}
 */
export function prose(text, className = 'prose') {
  if (text === undefined || text.trim() === '') return undefined;
  const paragraphs = text.trim().split(/\n{2,}/);
  return h('div', { class: className }, ...paragraphs.map((paragraph) => h('p', {}, ...inline(paragraph))));
}

/**
 * A line with code between backticks.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function inline(text) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? h('code', {}, part) : part));
}

/**
 * An element that is filled when it is first opened.
 * @param {HTMLElement} summary
 * @param {() => readonly (Node | undefined)[]} fill
 * @param {Readonly<Record<string, string | boolean | undefined>>} [attributes]
 */
export function fold(summary, fill, attributes = {}) {
  const details = h('details', attributes, summary);
  details.addEventListener(
    'toggle',
    () => {
      details.append(...fill().filter((child) => child !== undefined));
    },
    { once: true },
  );
  return details;
}
