import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pointerOf, SealedValue, SecretReference, type SourceProblem, sourceProblem } from '@backplane/wire';
import { isPlainMap, type PlainMap } from '@backplane/wire/schema';
import type { Environment } from './environment-layer.ts';
import { errors } from './errors.ts';
import type { ConfigOrigin } from './merge-layers.ts';

export interface SecretPlaces {
  readonly variables: Environment;
  /** From where relative paths go. */
  readonly folder: string;
}

export interface ResolvedSecrets {
  readonly value: PlainMap;
  /** JSON pointers of what was a reference or sealed: nobody prints these. */
  readonly secrets: ReadonlySet<string>;
  readonly problems: readonly SourceProblem[];
}

/** More is no secret. */
const LARGEST = 64 * 1024;

/** Puts texts in the place of references, and values in that of sealed ones. What is missing is a problem at the place of the reference; no message holds a text. */
export async function resolveSecrets(
  merged: Readonly<PlainMap>,
  origins: ReadonlyMap<string, ConfigOrigin>,
  places: SecretPlaces,
): Promise<ResolvedSecrets> {
  const secrets = new Set<string>();
  const problems: SourceProblem[] = [];
  const walk = async (value: unknown, path: readonly string[]): Promise<unknown> => {
    if (Array.isArray(value)) {
      const list: unknown[] = [];
      for (const [index, item] of value.entries()) list.push(await walk(item, [...path, String(index)]));
      return list;
    }
    if (isPlainMap(value)) {
      const map: PlainMap = {};
      for (const [key, item] of Object.entries(value)) map[key] = await walk(item, [...path, key]);
      return map;
    }
    if (!(value instanceof SecretReference || value instanceof SealedValue)) return value;
    const pointer = pointerOf(path);
    secrets.add(pointer);
    try {
      return value instanceof SealedValue ? value.reveal() : await textOf(value, places);
    } catch (thrown) {
      const { layer: _, ...place } = origins.get(pointer) ?? { layer: '' };
      const reason = (thrown as Error).message;
      problems.push({ ...sourceProblem(errors.BP_SECRET_UNREADABLE({ key: path.join('.'), reason })), ...place });
      return undefined;
    }
  };
  return { value: (await walk(merged, [])) as PlainMap, secrets, problems };
}

async function textOf({ place }: SecretReference, { variables, folder }: SecretPlaces): Promise<string> {
  if (place.from === 'env') {
    const text = variables[place.name];
    if (text === undefined) throw new Error(`the environment variable ${place.name} is not set`);
    return text;
  }
  const path = resolve(folder, place.path);
  const size = await stat(path).then(
    (file) => (file.isFile() ? file.size : Number.NaN),
    () => undefined,
  );
  if (size === undefined) throw new Error(`there is no file ${path}, or it may not be looked at`);
  if (Number.isNaN(size)) throw new Error(`${path} is no plain file`);
  if (size > LARGEST) throw new Error(`${path} has more than ${LARGEST} bytes`);
  try {
    // The end of the line is that of the file, not of the secret.
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path)).replace(/\r?\n$/, '');
  } catch {
    throw new Error(`${path} cannot be read as text`);
  }
}
