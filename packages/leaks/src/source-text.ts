import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Frame } from './site.ts';

const MAP = '//# sourceMappingURL=data:application/json;base64,';
const PACKAGES = /[\\/]node_modules[\\/]/;

/** The text of one version of a plugin's code, and where its parts stand in the author's files. Reads the map when first asked. */
export class SourceText {
  readonly #text: string;
  #map: SourceMap | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * Where the author's own file stands in a stack, as `FILE:LINE:COLUMN`. What was made by a package in there is named with the place that called it.
   */
  placeOf(frames: readonly Frame[]): string | undefined {
    const places = frames.flatMap((frame) => this.#originOf(frame) ?? []);
    const [first] = places;
    if (first === undefined || !PACKAGES.test(first)) return first;
    const own = places.find((place) => !PACKAGES.test(place));
    return own === undefined ? first : `${first}, called at ${own}`;
  }

  /** Where the text changes a property of that name: an assignment, else a quoted name, else any mention. */
  placeOfChange(key: PropertyKey, mustWrite: boolean): string | undefined {
    const name = typeof key === 'symbol' ? (key.description ?? '') : String(key);
    const end = this.#text.lastIndexOf(MAP);
    const text = end < 0 ? this.#text : this.#text.slice(0, end);
    for (const pattern of changesOf(name, mustWrite)) {
      for (const { index } of text.matchAll(pattern)) {
        const line = text.slice(0, index).split('\n');
        const place = this.placeOf([{ line: line.length, column: (line.at(-1)?.length ?? 0) + 1 }]);
        if (place !== undefined) return place;
      }
    }
    return undefined;
  }

  #originOf({ line, column }: Frame): string | undefined {
    this.#map ??= readMap(this.#text);
    const entry = this.#map?.findEntry(line - 1, column - 1);
    if (entry === undefined || !('originalSource' in entry)) return undefined;
    return `${fileURLToPath(entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  }
}

function readMap(text: string): SourceMap | undefined {
  const start = text.lastIndexOf(MAP);
  if (start < 0) return undefined;
  const [encoded = ''] = text.slice(start + MAP.length).split('\n', 1);
  return new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')));
}

/** From the surest to the least sure. */
function changesOf(name: string, mustWrite: boolean): RegExp[] {
  if (name === '') return [];
  const word = `(?<![\\w$])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w$])`;
  const written = [`${word}["'\`]?\\]?\\s*(?:=(?![=>])|\\?\\?=|\\|\\|=)`, `["'\`]${word}["'\`]`];
  return [...written, ...(mustWrite ? [] : [word])].map((pattern) => new RegExp(pattern, 'g'));
}
