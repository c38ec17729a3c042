import { join } from 'node:path';
import type { Random } from '../../fleet/random.ts';
import type { Answer, Api } from './api.ts';

/** A write: how it is asked for. */
export interface Write {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/**
 * Writes to what is its own, one write after the other, and knows what must be there of it. A write is under way when the host dies, or was acknowledged: then it must
 * be there.
 */
export interface Writer {
  readonly name: string;
  next(random: Random): Write;
  /** The write under way was acknowledged. @throws where the answer is none that it can have */
  acknowledged(answer: Answer): void;
  /** Looks whether all that was acknowledged is there, and nothing half done. Gives what is wrong. */
  verify(api: Api): Promise<string | undefined>;
}

const V1 = '/api/v1';

/** A value that is either what was acknowledged last, or what was under way. */
abstract class LastValue<T> implements Writer {
  abstract readonly name: string;
  protected kept: T;
  protected underWay: T | undefined;

  constructor(first: T) {
    this.kept = first;
  }

  protected abstract propose(random: Random): T;
  protected abstract write(value: T): Write;
  protected abstract read(api: Api): Promise<T>;

  next(random: Random): Write {
    this.underWay = this.propose(random);
    return this.write(this.underWay);
  }

  acknowledged({ status, body }: Answer): void {
    if (status >= 300) throw new Error(`${this.name}: ${status} ${JSON.stringify(body)}`);
    this.kept = this.underWay as T;
    this.underWay = undefined;
  }

  async verify(api: Api): Promise<string | undefined> {
    const found = await this.read(api);
    if (found === this.kept || (this.underWay !== undefined && found === this.underWay)) {
      this.kept = found;
      this.underWay = undefined;
      return undefined;
    }
    return `${this.name}: found ${found}; acknowledged was ${this.kept}, under way ${this.underWay}`;
  }
}

/** One key of a plugin's configuration, which takes effect in the plugin. */
export class ConfigWriter extends LastValue<number> {
  readonly name = 'config';
  constructor() {
    super(30);
  }
  protected propose(): number {
    return (this.underWay ?? this.kept) + 1;
  }
  protected write(value: number): Write {
    return { method: 'PUT', path: `${V1}/plugins/orders/config`, body: { config: { timeout: value } } };
  }
  protected async read(api: Api): Promise<number> {
    return (await api.ask('GET', '/orders/')).body.timeout;
  }
}

/** A plugin that is switched off and on. */
export class SwitchWriter extends LastValue<boolean> {
  readonly name = 'switch';
  constructor() {
    super(true);
  }
  protected propose(): boolean {
    return !this.kept;
  }
  protected write(value: boolean): Write {
    return { method: 'POST', path: `${V1}/plugins/calculator/${value ? 'enable' : 'disable'}`, body: undefined };
  }
  protected async read(api: Api): Promise<boolean> {
    return (await api.ask('GET', `${V1}/plugins/calculator`)).body.status === 'running';
  }
}

/** A version of an installed plugin. */
export class InstallWriter extends LastValue<string> {
  readonly name = 'install';
  readonly #folder: string;
  constructor(folder: string) {
    super('');
    this.#folder = folder;
  }
  protected propose(): string {
    return this.kept === '1.0.0' ? '2.0.0' : '1.0.0';
  }
  protected write(value: string): Write {
    return {
      method: 'POST',
      path: `${V1}/plugins/install`,
      body: { source: join(this.#folder, 'offered', value === '1.0.0' ? 'guest-one' : 'guest-two') },
    };
  }
  protected async read(api: Api): Promise<string> {
    const { status, body } = await api.ask('GET', `${V1}/plugins/guest`);
    return status === 404 ? '' : body.status === 'running' ? body.version : `${body.version} ${body.status}`;
  }
}

/** Two plugins that are configured together: both or none. */
export class BulkWriter extends LastValue<number> {
  readonly name = 'bulk';
  constructor() {
    super(0);
  }
  protected propose(): number {
    return (this.underWay ?? this.kept) + 1;
  }
  protected write(at: number): Write {
    const body = { operation: 'configure', plugin_ids: ['twin-a', 'twin-b'], config: { at }, atomic: true };
    return { method: 'POST', path: `${V1}/plugins/bulk`, body };
  }
  protected async read(api: Api): Promise<number> {
    const [a, b] = await Promise.all(
      ['twin-a', 'twin-b'].map(async (name) => (await api.ask('GET', `/${name}/`)).body.at),
    );
    if (a !== b) throw new Error(`bulk: half done, ${a} and ${b}`);
    return a;
  }
}

/** Things that are added, each under a name of its own. */
abstract class Added implements Writer {
  abstract readonly name: string;
  readonly #kept = new Set<string>();
  #underWay: string | undefined;
  #count = 0;

  protected abstract write(id: string): Write;
  protected abstract list(api: Api): Promise<string[]>;

  next(): Write {
    this.#count++;
    this.#underWay = `${this.name}-${this.#count}`;
    return this.write(this.#underWay);
  }

  acknowledged({ status, body }: Answer): void {
    if (status >= 300) throw new Error(`${this.name}: ${status} ${JSON.stringify(body)}`);
    this.#kept.add(this.#underWay as string);
    this.#underWay = undefined;
  }

  async verify(api: Api): Promise<string | undefined> {
    const found = await this.list(api);
    const there = new Set(found);
    const lost = [...this.#kept].filter((id) => !there.has(id));
    if (lost.length > 0) return `${this.name}: lost ${lost.join(', ')}`;
    if (there.size !== found.length) return `${this.name}: something is there twice`;
    const strange = found.filter((id) => !this.#kept.has(id) && id !== this.#underWay);
    if (strange.length > 0) return `${this.name}: nobody asked for ${strange.join(', ')}`;
    for (const id of found) this.#kept.add(id);
    this.#underWay = undefined;
    return undefined;
  }
}

export class TemplateWriter extends Added {
  readonly name = 'template';
  protected write(name: string): Write {
    return { method: 'POST', path: `${V1}/plugins/templates`, body: { name, files: { 'plugin.ts': 'export {};' } } };
  }
  protected async list(api: Api): Promise<string[]> {
    return (await api.all(`${V1}/plugins/templates`))
      .map(({ name }) => String(name))
      .filter((name) => name.startsWith('template-'));
  }
}

export class HookWriter extends Added {
  readonly name = 'hook';
  protected write(hook_name: string): Write {
    const body = { hook_name, hook_type: 'event', callback_method: 'sums.add' };
    return { method: 'POST', path: `${V1}/plugins/calculator/hooks`, body };
  }
  protected async list(api: Api): Promise<string[]> {
    return (await api.all(`${V1}/plugins/calculator/hooks`)).map(({ hook_name }) => String(hook_name));
  }
}

/** Rows of a plugin's own database, written by its operation. */
export class RowWriter extends Added {
  readonly name = 'row';
  protected write(id: string): Write {
    return { method: 'POST', path: `/ledger/${id}`, body: undefined };
  }
  protected async list(api: Api): Promise<string[]> {
    return (await api.ask('GET', '/ledger/')).body;
  }
}
