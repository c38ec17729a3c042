import type * as Yaml from 'yaml';
import type { Position } from './source-problem.ts';

/** Values a document may have once its aliases are written out. A manifest has dozens. */
const MOST_VALUES = 100_000;
const DEEPEST = 64;

export interface Refusal {
  readonly reason: string;
  readonly offset: number;
}

/** Turns one parsed document into plain values and notes where each stands. Refuses what could harm; never throws. */
export class YamlWalk {
  readonly positions = new Map<string, Position>();
  readonly refusals: Refusal[] = [];
  readonly #yaml: typeof Yaml;
  readonly #place: (offset: number) => Position;
  readonly #anchors = new Map<string, Yaml.Node>();
  readonly #open = new Set<Yaml.Node>();
  #values = 0;

  constructor(yaml: typeof Yaml, place: (offset: number) => Position) {
    this.#yaml = yaml;
    this.#place = place;
  }

  read(document: Yaml.Document.Parsed): unknown {
    return document.contents === null ? null : this.#node(document.contents, '', startOf(document.contents), 0);
  }

  /** `offset` is where the key stands, or the item. */
  #node(node: unknown, pointer: string, offset: number, depth: number): unknown {
    const { isAlias, isMap, isNode, isScalar, isSeq } = this.#yaml;
    this.positions.set(pointer, this.#place(offset));
    if (!isNode(node)) return null;
    if (++this.#values > MOST_VALUES)
      return this.#refuse(`it has more than ${MOST_VALUES} values, aliases written out`, offset);
    if (depth > DEEPEST) return this.#refuse(`it is nested more than ${DEEPEST} levels deep`, offset);
    if (isAlias(node)) return this.#alias(node, pointer, offset, depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node, offset);
    this.#open.add(node);
    const value = isMap(node) ? this.#map(node, pointer, depth) : isSeq(node) ? this.#list(node, pointer, depth) : null;
    this.#open.delete(node);
    return value;
  }

  #scalar(node: Yaml.Scalar, offset: number): unknown {
    const { value } = node;
    if (
      typeof value === 'number' &&
      Number.isInteger(value) &&
      !Number.isSafeInteger(value) &&
      /^[-+]?[0-9]+$/.test(node.source ?? '')
    )
      return this.#refuse('a number this large loses digits; write it in quotes', offset);
    return value;
  }

  #alias(node: Yaml.Alias, pointer: string, offset: number, depth: number): unknown {
    const target = this.#anchors.get(node.source);
    if (target === undefined) return this.#refuse('an alias names no anchor before it', offset);
    if (this.#open.has(target)) return this.#refuse('an alias contains itself', offset);
    return this.#node(target, pointer, offset, depth + 1);
  }

  #list(node: Yaml.YAMLSeq, pointer: string, depth: number): unknown[] {
    const list: unknown[] = [];
    for (const [index, item] of node.items.entries()) {
      if (this.#exhausted) break;
      list.push(this.#node(item, `${pointer}/${index}`, startOf(item), depth + 1));
    }
    return list;
  }

  #map(node: Yaml.YAMLMap, pointer: string, depth: number): Record<string, unknown> {
    const own = new Set<string>();
    const result: Record<string, unknown> = {};
    const merges: Yaml.Pair[] = [];
    for (const pair of node.items) {
      if (this.#exhausted) break;
      const offset = startOf(pair.key);
      const key = this.#key(pair.key, offset);
      if (key === undefined) continue;
      if (key === '<<' && this.#yaml.isScalar(pair.key) && pair.key.type === 'PLAIN') {
        merges.push(pair);
        continue;
      }
      if (own.has(key)) {
        this.#refuse(`the key "${key}" is there twice`, offset);
        continue;
      }
      own.add(key);
      result[key] = this.#node(pair.value, `${pointer}/${escapeKey(key)}`, offset, depth + 1);
    }
    for (const pair of merges) this.#merge(pair, result, pointer, depth);
    return result;
  }

  /** Keys of the map itself win over merged ones, earlier merged maps over later. */
  #merge(pair: Yaml.Pair, into: Record<string, unknown>, pointer: string, depth: number): void {
    const { isSeq } = this.#yaml;
    for (const source of isSeq(pair.value) ? pair.value.items : [pair.value]) {
      const target = this.#yaml.isAlias(source) ? this.#anchors.get(source.source) : source;
      const offset = startOf(source);
      if (!this.#yaml.isMap(target)) this.#refuse('<< merges maps only', offset);
      else if (this.#open.has(target)) this.#refuse('a map is merged into itself', offset);
      else this.#mergeMap(target, into, pointer, depth);
    }
  }

  #mergeMap(target: Yaml.YAMLMap, into: Record<string, unknown>, pointer: string, depth: number): void {
    const inner = new YamlWalk(this.#yaml, this.#place);
    inner.#values = this.#values;
    for (const [anchor, node] of this.#anchors) inner.#anchors.set(anchor, node);
    for (const node of this.#open) inner.#open.add(node);
    const merged = inner.#node(target, '', startOf(target), depth + 1) as Record<string, unknown>;
    this.#values = inner.#values;
    this.refusals.push(...inner.refusals);
    const added = Object.keys(merged ?? {}).filter((key) => !Object.hasOwn(into, key));
    for (const key of added) into[key] = merged[key];
    const prefixes = new Set(added.map(escapeKey));
    for (const [at, position] of inner.positions) {
      if (prefixes.has(at.split('/', 2)[1] ?? '')) this.positions.set(`${pointer}${at}`, position);
    }
  }

  #key(key: unknown, offset: number): string | undefined {
    const scalar = this.#yaml.isAlias(key) ? this.#anchors.get(key.source) : key;
    if (!this.#yaml.isScalar(scalar)) return this.#refuse('a key must be text', offset);
    if (scalar.anchor !== undefined) this.#anchors.set(scalar.anchor, scalar);
    const name = scalar.value === null ? 'null' : String(scalar.source ?? scalar.value);
    if (name === '__proto__') return this.#refuse('the key "__proto__" is not allowed', offset);
    return name;
  }

  get #exhausted(): boolean {
    return this.#values > MOST_VALUES;
  }

  #refuse(reason: string, offset: number): undefined {
    this.refusals.push({ reason, offset });
    return undefined;
  }
}

const escapeKey = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1');

function startOf(node: unknown): number {
  return (node as { range?: readonly number[] | null } | null | undefined)?.range?.[0] ?? 0;
}
