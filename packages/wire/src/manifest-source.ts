import { checkManifest } from './check-manifest.ts';
import { errors } from './errors.ts';
import type { PluginManifest } from './manifest.ts';
import { nearestPosition, type Positions, pointerOf, type SourcePlace, type SourceProblem } from './source-problem.ts';

/** A checked manifest and where it says what. */
export interface ManifestSource {
  readonly manifest: PluginManifest;
  readonly file: string;
  readonly positions: Positions;
}

export type ManifestOutcome =
  | { readonly source: ManifestSource; readonly problems: readonly [] }
  | { readonly source?: undefined; readonly problems: readonly SourceProblem[] };

/** Where a key of a manifest stands. */
export function manifestPlace(
  source: Pick<ManifestSource, 'file' | 'positions'>,
  path: readonly string[],
): SourcePlace {
  return { file: source.file, position: nearestPosition(source.positions, pointerOf(path)) };
}

/** The places that later problems can be about; a schema may have hundreds more, and a source lives as long as its plugin. */
function lastingPositions(positions: Positions): Positions {
  return new Map(
    [...positions].filter(([pointer]) => pointer.split('/', 4).length < 4 && !pointer.startsWith('/config_schema/')),
  );
}

/** Checks a document that claims to be a manifest. `frame` draws the lines around a place. */
export function manifestSource(
  document: { readonly value: unknown; readonly file: string; readonly positions: Positions },
  frame?: (place: SourcePlace) => string | undefined,
): ManifestOutcome {
  const { manifest, problems } = checkManifest(document.value, {
    invalid: (issue) => errors.BP_MANIFEST_INVALID({ issue }),
    place(path, hint) {
      const place = manifestPlace(document, path);
      return { ...place, hint, frame: frame?.(place) };
    },
  });
  if (manifest === undefined) return { problems };
  return { source: { manifest, file: document.file, positions: lastingPositions(document.positions) }, problems: [] };
}
