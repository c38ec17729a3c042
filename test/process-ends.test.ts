import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { HostProcess } from './testing/host-process.ts';
import { isAlive } from './testing/is-alive.ts';
import { writePlugins } from './testing/plugin-files.ts';

interface Written {
  readonly version: string;
  /** At the top of the module, after the process has left its number. */
  readonly top?: string;
  readonly definition?: string;
  readonly initialize?: string;
}

/** A plugin that leaves the number of each process that evaluates it in a file, and serves the number of its own. */
const pluginText = (numbers: string, { version, top = '', definition = '', initialize = '' }: Written) => `
import { definePlugin } from '@backplane/plugin-api';
import { appendFileSync } from 'node:fs';
appendFileSync(${JSON.stringify(numbers)}, process.pid + '\\n');
${top}
export default definePlugin({
  name: 'counted',
  version: '${version}',
  ${definition}
  initialize({ http }) {
    http.routes((app) => {
      app.get('/', async () => ({ pid: process.pid, version: '${version}' }));
      app.get('/exit', async () => process.exit(3));
    });
    ${initialize}
  },
});
`;

const numbersIn = (file: string): number[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];

/** A host with that plugin in a process of its own. */
class CountedHost implements AsyncDisposable {
  readonly test: TestHost;

  private constructor(test: TestHost) {
    this.test = test;
  }

  static async start(): Promise<CountedHost> {
    const test = await createTestHost({
      isolation: { counted: 'process' },
      prepare: (folder) =>
        writePlugins(join(folder, 'plugins'), {
          'counted.js': pluginText(join(folder, 'numbers'), { version: '1.0.0' }),
        }),
    });
    return new CountedHost(test);
  }

  /** Every process that has evaluated the plugin, in order. */
  get processes(): number[] {
    return numbersIn(join(this.test.folder, 'numbers'));
  }

  write(written: Written): Promise<void> {
    const { folder } = this.test;
    return writeFile(join(folder, 'plugins', 'counted.js'), pluginText(join(folder, 'numbers'), written));
  }

  async serves(): Promise<unknown> {
    return (await fetch(`${this.test.url}/counted/`)).json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.test[Symbol.asyncDispose]();
  }
}

describe('the process that has read a version', () => {
  it.each<[string, Written]>([
    ['that calls itself by another name', { version: '1.1.0', definition: "name: 'other'," }],
    ['that throws while it initializes', { version: '1.1.0', initialize: "throw new Error('No.');" }],
    ['that cannot be evaluated', { version: '1.1.0', top: "throw new Error('No.');" }],
  ])('is ended for one %s, and the version before serves on', async (_what, written) => {
    await using counted = await CountedHost.start();
    const [serving] = counted.processes;
    await counted.write(written);
    await counted.test.host.reload('counted');
    const [, refused = 0, ...more] = counted.processes;
    expect([refused > 0, more]).toEqual([true, []]);
    expect(isAlive(refused)).toBe(false);
    expect(await counted.serves()).toEqual({ pid: serving, version: '1.0.0' });
  });

  it('is ended for one that needs what nobody provides', async () => {
    await using counted = await CountedHost.start();
    await counted.write({ version: '1.1.0', definition: "dependencies: ['ghost']," });
    await counted.test.host.reload('counted');
    expect(counted.test.host.control.pluginStatus('counted').state.phase).toBe('refused');
    expect(counted.processes).toHaveLength(2);
    await expect.poll(() => counted.processes.filter(isAlive)).toEqual([]);
  });

  it('is not there for one that does not compile', async () => {
    await using counted = await CountedHost.start();
    const [serving] = counted.processes;
    await counted.write({ version: '1.1.0', top: 'const = ;' });
    await counted.test.host.reload('counted');
    expect(counted.processes).toEqual([serving]);
    expect(await counted.serves()).toEqual({ pid: serving, version: '1.0.0' });
  });

  it('is followed by another when it crashes, which reads nothing twice', async () => {
    await using counted = await CountedHost.start();
    const [first] = counted.processes;
    await fetch(`${counted.test.url}/counted/exit`).catch(() => {});
    await expect.poll(() => counted.serves(), { timeout: 10_000 }).toMatchObject({ version: '1.0.0' });
    const [, second] = counted.processes;
    expect(counted.processes).toEqual([first, second]);
    expect(await counted.serves()).toMatchObject({ pid: second });
  });
});

describe('a host that goes while a plugin is read', () => {
  it('has ended its process when it has stopped, be it in an endless loop', async () => {
    await using counted = await CountedHost.start();
    await counted.write({ version: '1.1.0', top: 'for (;;);' });
    const answer = counted.test.host.reload('counted').catch(() => undefined);
    await expect.poll(() => counted.processes.length, { timeout: 20_000 }).toBe(2);
    await counted.test.host.stop();
    expect(counted.processes.filter(isAlive)).toEqual([]);
    await answer;
  });

  it('takes those along that have been read and serve nothing yet, when it is killed', async () => {
    await using host = await isolatingHost();
    const files = ['read', 'looping'].map((name) => join(host.folder, name)) as [string, string];
    await writePlugins(host.plugins, {
      'read.js': pluginText(files[0], { version: '1.0.0' }),
      'looping.js': pluginText(files[1], { version: '1.0.0', top: 'for (;;);' }),
    });
    // None of them is made an instance before all have been read.
    host.process.send('');
    const numbers = () => files.flatMap(numbersIn);
    await expect.poll(() => numbers().length, { timeout: 20_000 }).toBe(2);
    expect(numbers().filter(isAlive)).toHaveLength(2);
    host.process.kill('SIGKILL');
    await expect.poll(() => numbers().filter(isAlive), { timeout: 10_000 }).toEqual([]);
  });
});

describe('the spare process of a host that follows its files', () => {
  it('outlasts what does not compile, is followed by another when it is spent, and goes with the host', async () => {
    await using host = await isolatingHost('--watch');
    const numbers = join(host.folder, 'numbers');
    const save = (written: Written) => writePlugins(host.plugins, { 'counted.js': pluginText(numbers, written) });
    await save({ version: '1.0.0' });
    await host.prints(/counted: applied/);
    const [first] = numbersIn(numbers);
    const spares = () => childrenOf(host).filter((pid) => pid !== first);
    await expect.poll(() => spares().length, { timeout: 20_000 }).toBe(1);
    const [spare = 0] = spares();
    await writePlugins(host.plugins, { 'broken.js': 'const = ;' });
    await host.prints(/broken: failed/);
    expect(spares()).toEqual([spare]);
    await save({ version: '1.1.0', top: "throw new Error('No.');" });
    await host.prints(/counted: returned/);
    expect(numbersIn(numbers)).toEqual([first, spare]);
    await expect.poll(() => spares().length, { timeout: 20_000 }).toBe(1);
    const [next] = spares();
    await save({ version: '1.2.0' });
    await expect.poll(() => numbersIn(numbers), { timeout: 20_000 }).toEqual([first, spare, next]);
    await expect.poll(() => childrenOf(host).includes(first as number), { timeout: 20_000 }).toBe(false);
    await expect.poll(() => childrenOf(host).length, { timeout: 20_000 }).toBe(2);
    const last = childrenOf(host);
    host.process.kill('SIGKILL');
    await expect.poll(() => last.filter(isAlive), { timeout: 10_000 }).toEqual([]);
  });
});

const isolatingHost = (...flags: string[]): Promise<HostProcess> =>
  HostProcess.start({}, { entry: join(import.meta.dirname, 'testing', 'isolating-host.mjs'), flags });

/** Its children of ours: the compiler is one, too. */
function childrenOf(host: HostProcess): number[] {
  return host.children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('child-entry'));
}
