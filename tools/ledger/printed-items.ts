import { isPlainMap } from '@backplane/wire/schema';
import { parseYaml } from '@backplane/wire/yaml';
import { literalKeys } from './literal-keys.ts';
import { type Fence, printedDocument } from './printed-document.ts';

/** Kinds of what is printed once for all: these are listed by name. */
export const NAMED_KINDS = ['variables', 'requests', 'files', 'commands', 'metrics'] as const;
export type NamedKind = (typeof NAMED_KINDS)[number];

/** A block that says something with keys, or is a file of its own. */
export interface PrintedFragment {
  /** Line of its first line of text. */
  readonly line: number;
  readonly heading: string;
  readonly language: string;
  readonly text: string;
  readonly keys: readonly string[];
}

export interface PrintedItems {
  readonly fragments: readonly PrintedFragment[];
  /** The line on which each stands first, by name. */
  readonly named: Readonly<Record<NamedKind, ReadonlyMap<string, number>>>;
}

/** Languages whose blocks are files: each is a fragment, whether it has keys or not. */
const FILES: ReadonlySet<string> = new Set(['yaml', 'json', 'toml', 'dockerfile']);

/** Everything in a document that Backplane has to take or give as it is printed. */
export async function printedItems(markdown: string): Promise<PrintedItems> {
  const { lines, fences } = printedDocument(markdown);
  const fragments: PrintedFragment[] = [];
  for (const fence of fences) {
    const keys = await keysOf(fence);
    if (FILES.has(fence.language) || keys.length > 0) fragments.push({ ...fence, keys });
  }
  const inLines = (find: (line: string) => readonly string[]) =>
    firstLines(lines.flatMap((line, index) => find(line).map((name) => [name, index + 1] as const)));
  return {
    fragments,
    named: {
      variables: inLines((line) => all(line, /\b(MMF_[A-Z_]+)\b/g)),
      requests: inLines(requestsIn),
      files: inLines(filesIn),
      commands: firstLines(fences.flatMap(commandsIn)),
      metrics: inLines(metricsIn),
    },
  };
}

function firstLines(found: readonly (readonly [string, number])[]): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  for (const [name, line] of found) if (!lines.has(name)) lines.set(name, line);
  return lines;
}

const all = (line: string, pattern: RegExp): string[] => [...line.matchAll(pattern)].map(([, name]) => name ?? '');

const requestsIn = (line: string): string[] => [
  ...[...line.matchAll(/\b(GET|POST|PUT|PATCH|DELETE) (\/[\w/{}.-]*)/g)].map(([, method, path]) => `${method} ${path}`),
  // What asks without naming a method: curl, and the probes of Kubernetes.
  ...all(line, /\bcurl https?:\/\/[^/\s]+(\/\S*)/g).map((path) => `GET ${path}`),
  ...all(line, /^\s*path: (\/\S+)$/g).map((path) => `GET ${path}`),
  ...all(line, /`(\/api\/v1\/[\w/{}-]*)`/g),
];

const filesIn = (line: string): string[] => [
  ...all(line, /(?<![\w./-])((?:\.?[\w-]*\/)*[\w-]+\.(?:yaml|toml))\b/g),
  ...all(line, /`(\/?(?!api\/)[\w-]+\/[\w./-]*\/)`/g).filter((path) => !path.startsWith('/api/')),
];

const metricsIn = (line: string): string[] => [
  ...[...line.matchAll(/^([a-z_]+)\{([^}]*)\} [\d.]+$/g)].map(
    ([, name, labels = '']) => `${name}{${all(labels, /(\w+)=/g).join(',')}}`,
  ),
  ...all(line, /\bmetric_name="(\w+)"/g),
];

/** The command lines of a shell's block, with what continues on the next line. A drawn tree is none. */
function commandsIn({ language, text, line }: Fence): [string, number][] {
  if (language !== 'bash' || /[├└]/.test(text)) return [];
  const commands: [string, number][] = [];
  let continued: [string, number] | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const part = raw.trim();
    if (part === '' || part.startsWith('#')) continue;
    const [before, from] = continued ?? ['', line + index];
    const whole = `${before} ${part.replace(/\\$/, '')}`.replace(/\s+/g, ' ').trim();
    continued = part.endsWith('\\') ? [whole, from] : undefined;
    if (continued === undefined) commands.push([whole, from]);
  }
  return commands;
}

/** A map is there for the keys in it, and is not listed itself. */
async function keysOf(fence: Fence): Promise<readonly string[]> {
  const paths = [...new Set(await pathsIn(fence))];
  return paths.filter((path) => !paths.some((other) => other.startsWith(`${path}.`) || other.startsWith(`${path}[]`)));
}

async function pathsIn({ language, text, heading }: Fence): Promise<readonly string[]> {
  if (language === 'yaml') {
    const { document, problems } = await parseYaml(text, heading);
    if (document === undefined) throw new Error(`A printed fragment cannot be read: ${JSON.stringify(problems)}`);
    return yamlKeys(document.value, '');
  }
  if (language === 'toml') return tomlKeys(text);
  if (language !== 'python' && language !== 'json') return [];
  const read = all(text, /\bconfig\.get\(['"](\w+)['"]/g).map((key) => `config.${key}`);
  return [...literalKeys(text), ...read];
}

function yamlKeys(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => yamlKeys(item, `${path}[]`));
  if (!isPlainMap(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return [at, ...yamlKeys(inner, at)];
  });
}

function tomlKeys(text: string): string[] {
  let table = '';
  return text.split('\n').flatMap((line) => {
    table = /^\[(.*)\]$/.exec(line.trim())?.[1] ?? table;
    const key = /^\s*([\w-]+)\s*=/.exec(line)?.[1];
    return key === undefined ? [] : [`${table}.${key}`];
  });
}
