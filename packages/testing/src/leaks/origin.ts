/** Where something was made, captured in the moment. */
export interface Origin {
  stack?: string;
}

const FRAMES = 30;
/** What runs the tests is no part of them. */
const RUNNER = /[\\/]node_modules[\\/](?:vitest|@vitest|vite|vite-node|birpc|tinypool|tinybench|chai|@jest|jest)[\\/]/;
/** The runner stands in for `process.emit`. */
const WRAPPER = '/node_modules/vitest/suppress-warnings.cjs:';
const OWN = `${import.meta.filename.replace(/origin(\.[jt]s)$/, 'leak-check$1')}:`;

/** The stack that led to `below`. */
export function originHere(below: (...args: never[]) => unknown): Origin {
  const origin: Origin = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  Error.captureStackTrace(origin, below);
  Error.stackTraceLimit = limit;
  return origin;
}

/** The frames of a stack that are no part of Node, innermost first: `FILE:LINE:COLUMN`. None for what the check itself has made. */
export function placesOf(origin: Origin): string[] {
  const places: string[] = [];
  for (const line of (origin.stack ?? '').split('\n').slice(1)) {
    const [, place] = /(?:\(|at )((?:file:\/\/)?\/[^()]+:\d+:\d+)\)?$/.exec(line) ?? [];
    if (places.length === 0 && place?.includes(OWN)) return [];
    if (place !== undefined && !place.includes(WRAPPER)) places.push(place.replace(/^file:\/\//, ''));
  }
  return places;
}

/** True for what the runner made for itself. */
export const isOfRunner = (places: readonly string[]): boolean => places[0] !== undefined && RUNNER.test(places[0]);
