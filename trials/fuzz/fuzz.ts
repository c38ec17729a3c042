import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../fleet/random.ts';
import { HostProcess } from '../../test/testing/host-process.ts';
import { type ApiDocument, type Operation, operationsOf } from './api-document.ts';
import { type Asked, Asker } from './ask.ts';
import { type Answer, Judge } from './judge.ts';
import { preparePlugins } from './plugins.ts';
import { hostile, type Pools, Values } from './values.ts';

export interface FuzzOptions {
  readonly requests: number;
  readonly seed: number;
  readonly say: (line: string) => void;
  /** Ends the run after the request under way. */
  readonly stop?: AbortSignal;
}

/** Something that the document does not allow. */
export interface Finding {
  readonly number: number;
  readonly asked: Asked;
  readonly problem: string;
  readonly answer: Answer | undefined;
}

export interface FuzzResult {
  readonly requests: number;
  readonly seconds: number;
  readonly statuses: ReadonlyMap<number, number>;
  /** Operations, each with the statuses that it has answered with. */
  readonly covered: ReadonlyMap<string, ReadonlySet<number>>;
  readonly findings: readonly Finding[];
}

/** The management API. Its pages for people are other tests' business. */
const BELOW = /^\/(?:api\/v1\/(?:plugins|admin)|plugins\/|extension-points)/;
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'];
/** More findings than this are more of the same. */
const MOST_FINDINGS = 25;
const TELL_EVERY_MS = 5000;

/** Asks a host at random, by its own OpenAPI document, and judges what it answers. */
export async function fuzzApi(options: FuzzOptions): Promise<FuzzResult> {
  await using host = await HostProcess.start(preparePlugins());
  const token = (await readFile(join(host.folder, 'data', 'admin.token'), 'utf8')).trim();
  const authorization = `Bearer ${token}`;
  const document = (await (
    await fetch(`${host.url}/api/v1/openapi.json`, { headers: { authorization } })
  ).json()) as ApiDocument;
  using asker = new Asker(host.url);
  const run = new Fuzz(options, document, asker, host.folder, authorization);
  await run.all();
  if (host.process.exitCode !== null || host.process.signalCode !== null)
    run.found(undefined, 'the host has ended', undefined);
  return run.result;
}

class Fuzz {
  readonly #options: FuzzOptions;
  readonly #random: Random;
  readonly #operations: readonly Operation[];
  readonly #judge: Judge;
  readonly #asker: Asker;
  readonly #values: Values;
  readonly #pools: Map<string, unknown[]>;
  readonly #authorization: string;
  readonly #began = performance.now();
  readonly #statuses = new Map<number, number>();
  readonly #covered = new Map<string, Set<number>>();
  readonly #findings: Finding[] = [];
  readonly #tags: string[] = ['"r1"', 'W/"x"', '*', '"'];
  #number = 0;

  constructor(options: FuzzOptions, document: ApiDocument, asker: Asker, folder: string, authorization: string) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#operations = operationsOf(document, BELOW);
    this.#judge = new Judge(document);
    this.#asker = asker;
    this.#pools = poolsIn(folder);
    this.#values = new Values(document, this.#random, this.#pools as Pools);
    this.#authorization = authorization;
  }

  get result(): FuzzResult {
    const seconds = (performance.now() - this.#began) / 1000;
    return {
      requests: this.#number,
      seconds,
      statuses: new Map([...this.#statuses].sort(([a], [b]) => a - b)),
      covered: this.#covered,
      findings: this.#findings,
    };
  }

  async all(): Promise<void> {
    let told = performance.now();
    const { requests, say, stop } = this.#options;
    while (this.#number < requests && !stop?.aborted && this.#findings.length < MOST_FINDINGS) {
      this.#number++;
      if (this.#random.chance(0.04)) await this.#wrongMethod();
      else if (this.#random.chance(0.03)) await this.#wrongPath();
      else await this.#operation(this.#random.pick(this.#operations) as Operation);
      if (performance.now() - told < TELL_EVERY_MS) continue;
      told = performance.now();
      say(`${this.#number} requests, ${this.#findings.length} findings`);
    }
  }

  found(asked: Asked | undefined, problem: string, answer: Answer | undefined): void {
    const sent = asked ?? { method: '', path: '', headers: {}, body: undefined };
    if (this.#findings.length === 0) this.#options.say(`${this.#number}: ${problem}`);
    this.#findings.push({ number: this.#number, asked: sent, problem, answer });
  }

  async #operation(operation: Operation): Promise<void> {
    const asked = this.#asked(operation);
    const answer = await this.#send(asked);
    if (answer === undefined) return;
    const name = `${operation.method} ${operation.path}`;
    this.#covered.set(name, (this.#covered.get(name) ?? new Set()).add(answer.status));
    const problem = this.#judge.answered(operation, answer);
    if (problem !== undefined) this.found(asked, problem, answer);
    this.#learn(answer);
  }

  async #wrongMethod(): Promise<void> {
    const { path } = this.#random.pick(this.#operations) as Operation;
    const documented = this.#operations.filter((other) => other.path === path).map(({ method }) => method);
    // RFC 9110, section 9.1: what answers GET answers HEAD.
    const allowed = documented.includes('GET') ? [...documented, 'HEAD'] : documented;
    const method = this.#random.pick(METHODS.filter((one) => !allowed.includes(one))) as string;
    // Names of which no other path is made: `/plugins/stats` is one of its own.
    const asked = { method, path: path.replace(/\{(\w+)\}/g, '1'), headers: this.#headers(), body: undefined };
    const answer = await this.#send(asked);
    // Who has no token learns nothing.
    if (answer?.status === 401) return;
    const problem = answer && this.#judge.refusedMethod(allowed, answer, method);
    if (problem !== undefined) this.found(asked, problem, answer);
  }

  async #wrongPath(): Promise<void> {
    const { path, method } = this.#random.pick(this.#operations) as Operation;
    const end = encodeURIComponent(String(hostile(this.#random)).toWellFormed().slice(0, 300));
    const wrong = this.#random.pick([
      `${path}/${end}/x/y`,
      `/api/v1/${end}`,
      `${path}//`,
      `/api/v1/../v1/${end}`,
      '/api/v1/%zz',
      '/api/v1/plugins/%ff',
    ]) as string;
    const asked = { method, path: wrong.replaceAll(/[{}]/g, ''), headers: this.#headers(), body: undefined };
    const answer = await this.#send(asked);
    if (answer === undefined) return;
    const problem =
      answer.status >= 500 ? `status ${answer.status}` : answer.status >= 400 ? this.#judge.problem(answer) : undefined;
    if (problem !== undefined) this.found(asked, problem, answer);
  }

  #asked({ method, path, parameters, body }: Operation): Asked {
    const random = this.#random;
    const query: string[] = [];
    let target = path;
    for (const { name, in: where, required, schema } of parameters) {
      if (where === 'path') {
        const value = String(this.#values.of(schema, name)).toWellFormed();
        const text = value === '' || value === '.' || value === '..' ? '0' : value;
        target = target.replace(`{${name}}`, encodeURIComponent(text));
      } else if (where === 'query' && (required || random.chance(0.35))) {
        const value = this.#values.of(schema, name);
        const text = (typeof value === 'string' ? value : JSON.stringify(value)) ?? '';
        query.push(`${name}=${encodeURIComponent(text.toWellFormed())}`);
        if (random.chance(0.02)) query.push(`${name}=again`);
      }
    }
    if (random.chance(0.02)) query.push('unknown=1');
    const json = body === undefined ? undefined : this.#body(body);
    const headers = this.#headers(json);
    return { method, path: query.length > 0 ? `${target}?${query.join('&')}` : target, headers, body: json };
  }

  #body(schema: Operation['body']): string | undefined {
    const random = this.#random;
    if (random.chance(0.02)) return undefined;
    if (random.chance(0.02))
      return random.pick([
        '{',
        '[1,',
        '{"__proto__":{"x":1}}',
        '"text"',
        'null',
        '\u0000',
        `{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`,
      ]);
    return JSON.stringify(this.#values.of(schema ?? {}));
  }

  #headers(body?: string): Record<string, string> {
    const random = this.#random;
    const headers: Record<string, string> = { authorization: this.#authorization };
    if (random.chance(0.01)) headers.authorization = 'Bearer wrong';
    if (body !== undefined) headers['content-type'] = random.chance(0.98) ? 'application/json' : 'text/plain';
    if (random.chance(0.1)) headers['if-match'] = random.pick(this.#tags) as string;
    if (random.chance(0.05))
      headers['idempotency-key'] = random.pick(['k1', 'k2', 'k3', 'x'.repeat(300), ' ']) as string;
    if (random.chance(0.05))
      headers['backplane-author'] = random.pick(['Ann', '%C3%96', '%zz', 'x'.repeat(500)]) as string;
    if (random.chance(0.05)) headers['backplane-comment'] = 'fuzz';
    return headers;
  }

  async #send(asked: Asked): Promise<Answer | undefined> {
    try {
      const answer = await this.#asker.ask(asked);
      this.#statuses.set(answer.status, (this.#statuses.get(answer.status) ?? 0) + 1);
      return answer;
    } catch (error) {
      this.found(asked, `no answer: ${(error as Error).message}`, undefined);
      return undefined;
    }
  }

  /** Remembers names, numbers and tags, to ask for what is there. */
  #learn({ headers, text, status }: Answer): void {
    const { etag } = headers;
    if (typeof etag === 'string') remember(this.#tags, etag);
    if (status !== 200 && status !== 201) return;
    const noted = /"(next_cursor|id|name|revision|operation_id)":("[^"]{1,200}"|\d+)/g;
    for (const [, key = '', value = ''] of text.slice(0, 20_000).matchAll(noted)) {
      const pool = {
        next_cursor: 'cursor',
        id: 'config_id',
        name: 'plugin_id',
        revision: 'revision',
        operation_id: 'operation_id',
      }[key];
      if (pool !== undefined) remember(this.#pools.get(pool) as unknown[], JSON.parse(value));
      if (key === 'id')
        for (const other of ['hook_id', 'plugin_id', 'operation_id'])
          remember(this.#pools.get(other) as unknown[], JSON.parse(value));
    }
  }
}

/** At most so many, the first few always. */
function remember(list: unknown[], value: unknown): void {
  if (list.includes(value)) return;
  list.push(value);
  if (list.length > 40) list.splice(10, 1);
}

function poolsIn(folder: string): Map<string, unknown[]> {
  const names = ['orders', 'calculator', 'chain-a', 'chain-b', 'grumpy', 'guest', 'nobody', 1, 2, 3];
  return new Map<string, unknown[]>([
    ['plugin_id', [...names]],
    ['plugin_ids', [...names]],
    ['plugin', [...names]],
    ['plugins', ['orders']],
    ['name', ['guest', 'orders', 'new-one', 'calculator']],
    ['config_id', [1, 2, 'timeout', 'token', 'region', 'smtp', 'smtp.host']],
    ['hook_id', [1, 2]],
    ['revision', [0, 1, 2, 3]],
    ['to', [0, 1, 2]],
    ['operation_id', [1]],
    ['cursor', ['x']],
    ['key', ['timeout', 'token', 'region', 'smtp', 'smtp.password', 'enabled', 'works']],
    ['value', [5, 60, 'eu', true, false, { host: 'mail', password: 'p' }]],
    ['method', ['add', 'total', 'fail', 'circular', 'calculator.sums.add', 'nothing']],
    ['service', ['calculator.sums', 'sums', 'none']],
    ['callback_method', ['add', 'sums.add']],
    ['hook_name', ['customer_created', 'shop.price']],
    [
      'source',
      ['guest', 'guest-2', 'broken', 'nowhere'].map((name) => join(folder, 'offered', name)).concat('/etc', '.', ''),
    ],
    ['module_path', ['plugins.extra', 'plugins.none', '../escape', '/etc/passwd']],
    ['entry_point', ['default', 'Extra', 'none']],
    ['level', ['info', 'warn', 'debug', 'trace', 'error', 'loud']],
    ['namespace', ['plugins.orders', 'backplane', 'plugins']],
    ['status', ['running', 'disabled', 'failed', 'dormant']],
  ]);
}
