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
