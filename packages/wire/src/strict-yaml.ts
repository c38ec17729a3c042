import type * as Yaml from 'yaml';
import { boundedParse } from './bounded-parse.ts';
import { codeFrame } from './code-frame.ts';
import { errors } from './errors.ts';
import { SecretReference } from './secret-reference.ts';
import { type Position, type Positions, type SourceProblem, sourceProblem } from './source-problem.ts';
import { YamlWalk } from './yaml-walk.ts';

/** A YAML (or JSON) document as plain values, with the place of every key and item. */
export interface YamlDocument {
  readonly file: string;
  /** Maps are plain objects; nothing in it is shared, not even what an alias repeats. */
  readonly value: unknown;
  readonly positions: Positions;
}

export type YamlOutcome =
  | { readonly document: YamlDocument; readonly problems: readonly [] }
  | { readonly document?: undefined; readonly problems: readonly SourceProblem[] };

export interface YamlOptions {
  /** Shows the lines around each problem. Off for files that may hold secrets: then nothing of the file is quoted. Default true. */
  readonly frames?: boolean;
  /** Takes `!secret env:NAME` and `!secret file:PATH` for a `SecretReference`. Default false: then every tag is refused. */
  readonly secrets?: boolean;
}

/** Where a text is, in place of the text. */
const SECRET: Yaml.ScalarTag = {
  tag: '!secret',
  resolve: (text, onError) => SecretReference.from(text) ?? onError('A secret is "env:NAME" or "file:PATH"'),
};

const MOST_PROBLEMS = 20;

let library: typeof Yaml | undefined;

/**
 * Reads YAML 1.2 that only holds data: one document, no tags, no repeated keys, no `__proto__`, keys that are text, bounded aliases,
 * depth and size. `<<` merges. Anything else is a problem with line and column; nothing is thrown.
 */
export async function parseYaml(
  text: string,
  file: string,
  { frames = true, secrets = false }: YamlOptions = {},
): Promise<YamlOutcome> {
  // Loading the parser takes 25 ms, which a host without YAML files need not pay.
  library ??= await import('yaml');
  const yaml = library;
  const lines = new yaml.LineCounter();
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problem = (code: 'BP_YAML_SYNTAX' | 'BP_YAML_REFUSED', reason: string, offset: number) => {
    const position = place(offset);
    return sourceProblem(errors[code]({ reason }), {
      file,
      position,
      ...(frames && { frame: codeFrame(text, position) }),
    });
  };
  const parsed = boundedParse(yaml, text, lines, secrets ? [SECRET] : []);
  if ('reason' in parsed) return { problems: [problem('BP_YAML_REFUSED', parsed.reason, parsed.offset)] };
  const broken = [...parsed.errors, ...parsed.warnings];
  if (broken.length > 0) {
    return {
      problems: broken
        .slice(0, MOST_PROBLEMS)
        .map((error) => problem('BP_YAML_SYNTAX', reasonFor(error, frames), error.pos[0])),
    };
  }
  const walk = new YamlWalk(yaml, place);
  const value = walk.read(parsed);
  if (walk.refusals.length > 0) {
    return {
      problems: walk.refusals
        .slice(0, MOST_PROBLEMS)
        .map(({ reason, offset }) => problem('BP_YAML_REFUSED', reason, offset)),
    };
  }
  return { document: { file, value, positions: walk.positions }, problems: [] };
}

/** What the parser puts into a sentence together with text of the file, said without it. */
const UNQUOTED: Readonly<Record<string, string>> = {
  TAG_RESOLVE_FAILED:
    'There is a tag that cannot be read; a secret is written "!secret env:NAME" or "!secret file:PATH"',
  BAD_DIRECTIVE: 'There is a directive that cannot be read',
  BAD_ALIAS: 'There is an alias that cannot be read',
  BAD_DQ_ESCAPE: 'There is an escape that does not exist',
  BAD_SCALAR_START: 'A plain value begins with a character that it may not begin with',
  UNEXPECTED_TOKEN: 'There is something that does not belong here',
  IMPOSSIBLE: 'There is something that cannot be read',
};

function reasonFor({ code, message }: Yaml.YAMLError, quoting: boolean): string {
  const line = (message.split('\n', 1)[0] ?? '').replace(/[.:]$/, '');
  // Otherwise the parser quotes the file only after a colon.
  return quoting ? line : (UNQUOTED[code] ?? line.replace(/:.*$/, ''));
}
