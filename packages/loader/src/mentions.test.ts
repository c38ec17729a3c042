import { expect, it } from 'vitest';
import { mentionsIn } from './mentions.ts';

it.each([
  ['process.stdout.on("x", () => {})', ['process.stdout']],
  ['globalThis.cache = {}', ['globalThis']],
  ['global["cache"] ??= {}', ['globalThis']],
  ['const root = Function("return this")()', ['globalThis']],
  ['Array.prototype.last = function () {}', ['Array']],
  ['Promise[Symbol.for("x")] = 1', ['Promise']],
  ['Object.defineProperty(String.prototype, "x", {})', ['String']],
  ['Object.assign(console, {})', ['console']],
  ['Error.prepareStackTrace ||= format', ['Error']],
  ['process.emitWarning = () => {}', ['process']],
  ['Array.prototype.slice.call(x) === y; Object.keys(z); process.env.A === "b"; x => Date.now', []],
  ['const f = Math.max; console.log(f); globals.x = 1; new Map().set(process, 1)', ['process']],
])('sees what %s changes', (text, names) => {
  expect(mentionsIn(text)).toEqual(names);
});
