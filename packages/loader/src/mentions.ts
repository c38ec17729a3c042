/** Objects of the language and of Node that everybody shares, besides modules. */
const SHARED = [
  'AbortController|AbortSignal|Array|ArrayBuffer|BigInt|Blob|Boolean|Buffer|DataView|Date|Error|Event|EventTarget|FormData|Function|Headers|Intl|JSON',
  'Map|Math|Number|Object|Promise|Reflect|RegExp|Request|Response|Set|String|Symbol|TextDecoder|TextEncoder|URL|URLSearchParams|WeakMap|WeakRef|WeakSet',
  'console|crypto|performance|process',
].join('|');

const STREAM = /\bprocess\.std(?:in|out|err)\b/g;
const GLOBAL = /\bglobal(?:This)?\b|\breturn this["'`]/;
const ASSIGNED = new RegExp(
  `\\b(${SHARED})(?:\\.prototype)?(?:\\.[\\w$]+|\\s*\\[[^\\]\\n]+\\])\\s*(?:=(?![=>])|\\?\\?=|\\|\\|=)`,
  'g',
);
const PASSED = new RegExp(
  `\\b(?:defineProperty|defineProperties|assign|setPrototypeOf|set)\\(\\s*(${SHARED})(?:\\.prototype)?\\s*,`,
  'g',
);

/**
 * What a text names that outlives it and that it seems to change: `globalThis`, shared objects by name, and the standard streams, as
 * `process.stdout`. A text has other ways to reach them; so this says where to look first, not where all is.
 */
export function mentionsIn(text: string): string[] {
  const found = new Set(text.match(STREAM));
  if (GLOBAL.test(text)) found.add('globalThis');
  for (const pattern of [ASSIGNED, PASSED]) for (const [, name = ''] of text.matchAll(pattern)) found.add(name);
  return [...found].sort();
}
