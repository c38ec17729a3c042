import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bundle } from './bundle.ts';
import { mapUrl } from './compiler.ts';

const MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,(\S+)$/;

/**
 * The body as it is; while a debugger may look on, with the sources in its map. A file on disk may be newer than what runs, and is when a
 * broken one has been saved: without them the debugger would show the wrong lines.
 */
export function bodyWithSources({ body }: Bundle): string {
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector?.url() === undefined) return body;
  return body.replace(MAP, (_, encoded: string) => {
    const map = JSON.parse(Buffer.from(encoded, 'base64').toString()) as { readonly sources: readonly string[] };
    return `\n//# sourceMappingURL=${mapUrl(JSON.stringify({ ...map, sourcesContent: map.sources.map(contentOf) }))}`;
  });
}

function contentOf(source: string): string | null {
  try {
    return readFileSync(fileURLToPath(source), 'utf8');
  } catch {
    return null;
  }
}
