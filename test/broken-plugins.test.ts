import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostProcess } from './testing/host-process.ts';

const good = (name: string, more = '') => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: '${name}',
  version: '1.0.0',
  ${more}
  initialize(context) {
    context.http.routes((app) => { app.get('/', async () => '${name} serves'); });
  },
});
`;

const dependsOn = (...names: string[]) => `dependencies: ${JSON.stringify(names)},`;

const GOOD = ['alpha', 'omega', 'in-a-folder', 'after-alpha'];

const FILES = {
  'alpha.ts': good('alpha'),
  'omega.js': good('omega'),
  'in-a-folder/plugin.yaml': 'name: in-a-folder\nversion: "1.0.0"\n',
  'in-a-folder/plugin.ts': good('in-a-folder'),
  'after-alpha.ts': good('after-alpha', dependsOn('alpha')),

  'broken-yaml/plugin.yaml': 'name: broken-yaml\nversion: "1.0.0"\ndescription: [never closed\nauthor: me\n',
  'broken-yaml/plugin.ts': good('broken-yaml'),
  'wrong-schema/plugin.yaml': 'name: wrong-schema\nversion: "1.0.0"\npriorty: 5\n',
  'wrong-schema/plugin.ts': good('wrong-schema'),
  'syntax-error.ts': "const name: string = 'syntax-error';\n\nexport default {{;\n",
  'no-export.ts': "export const name = 'no-export';\n",
  'first-twin.ts': good('twin'),
  'second-twin.ts': good('twin'),
  'lost-import.ts': `import { thing } from './nowhere.ts';\n${good('lost-import', 'description: thing,')}`,
  'throws.ts': `const config: Record<string, { port: number }> = {};\n\nexport const port = config.server.port;\n${good('throws')}`,
  'lonely.ts': good('lonely', dependsOn('nobody')),
  'ring-a.ts': good('ring-a', dependsOn('ring-b')),
  'ring-b.ts': good('ring-b', dependsOn('ring-c')),
  'ring-c.ts': good('ring-c', dependsOn('ring-a')),
  'behind-lonely.ts': good('behind-lonely', dependsOn('lonely')),
};

/** What is said of each, with the place where the author finds it. */
const REPORTS: readonly { name: string; state: string; says: readonly string[] }[] = [
  { name: 'broken-yaml', state: 'refused', says: ['broken-yaml/plugin.yaml:4:', 'description: [never closed'] },
  { name: 'wrong-schema', state: 'refused', says: ['wrong-schema/plugin.yaml:3:', 'priorty', 'priority'] },
  { name: 'syntax-error', state: 'refused', says: ['syntax-error.ts:3:', 'does not compile'] },
  { name: 'no-export', state: 'refused', says: ['no-export.ts', 'No export is a plugin', 'no-export.ts: name'] },
  { name: 'twin', state: 'refused', says: ['"twin"', 'first-twin.ts', 'second-twin.ts'] },
  { name: 'lost-import', state: 'refused', says: ['lost-import.ts:1:', './nowhere.ts'] },
  { name: 'throws', state: 'refused', says: ['throws.ts:3:', "reading 'port'"] },
  { name: 'lonely', state: 'refused', says: ['"lonely" depends on "nobody"', 'lonely.ts'] },
  ...['ring-a', 'ring-b', 'ring-c'].map((name) => ({
    name,
    state: 'refused',
    says: ['wait for each other', `${name}.ts`, 'ring-a', 'ring-b', 'ring-c'],
  })),
  { name: 'behind-lonely', state: 'blocked', says: ['"lonely"'] },
];

describe('a folder of good and broken plugins', () => {
  let host: HostProcess;
  beforeAll(async () => {
    host = await HostProcess.start(FILES);
  });
  afterAll(() => host[Symbol.asyncDispose]());

  /** What the report on the terminal says of one plugin: its line and those below it. */
  const reported = (name: string): string => {
    const lines = host.output.split('\n').filter((line) => !line.startsWith('{'));
    const first = lines.findIndex((line) => new RegExp(`^  \\S ${name}( |$)`).test(line));
    const after = lines.findIndex((line, at) => at > first && (/^ {2}\S/.test(line) || line === ''));
    return first < 0 ? '' : lines.slice(first, after).join('\n');
  };

  it('is served as far as it is good', async () => {
    for (const name of GOOD) {
      expect(await (await fetch(`${host.url}/${name}`)).text()).toBe(`${name} serves`);
      expect(reported(name)).toMatch(new RegExp(`^  ✓ ${name} 1\\.0\\.0  ${name}(\\.ts|\\.js)?$`));
    }
    expect(host.output).toContain(`${GOOD.length} of ${GOOD.length + REPORTS.length} plugins run`);
    expect((await fetch(`${host.url}/ready`)).status).toBe(200);
  });

  it.each(REPORTS)('is told about $name at the start and on the status page', async ({ name, state, says }) => {
    const status = (await host.status()).get(name);
    expect(status?.state).toBe(state);
    const pages = { terminal: reported(name), status: `${status?.origin} ${status?.reason}` };
    for (const [page, text] of Object.entries(pages)) {
      for (const part of says) expect(text, `on the ${page}`).toContain(part);
    }
  });

  it('answers for a broken plugin with 503 and the reason', async () => {
    const response = await fetch(`${host.url}/throws`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      code: 'BP_PLUGIN_UNAVAILABLE',
      detail: expect.stringContaining("reading 'port'"),
    });
  });

  it('is logged, each trouble once, and nobody hears of a version before that there never was', () => {
    const told = host.log.filter(
      ({ level, namespace }) => level === 'error' && String(namespace).startsWith('plugins.'),
    );
    const refused = REPORTS.filter(({ state }) => state === 'refused').map(({ name }) => `plugins.${name}`);
    expect(told.map(({ namespace }) => namespace).sort()).toEqual(refused.sort());
    expect(host.output).not.toMatch(/version before/);
  });

  it('knows no plugin that is not there', async () => {
    const names = [...(await host.status()).keys()];
    expect(names.sort()).toEqual([...GOOD, ...REPORTS.map(({ name }) => name)].sort());
  });
});

it('serves the good ones beside plugins that throw what cannot be looked at', async () => {
  const strange = (name: string, thrown: string) =>
    good(name).replace(
      'context.http',
      `const get = () => { throw new Error('trap'); };\n    throw ${thrown};\n    context.http`,
    );
  await using host = await HostProcess.start({
    'alpha.ts': good('alpha'),
    'bare.ts': strange('bare', 'Object.create(null)'),
    'trap.ts': strange('trap', 'new Proxy({}, { get, has: get, getPrototypeOf: get })'),
    'trap-at-load.ts': 'const get = () => { throw 1; };\nthrow new Proxy({}, { get, has: get, getPrototypeOf: get });',
  });
  expect((await fetch(`${host.url}/alpha`)).status).toBe(200);
  const status = await host.status();
  expect(['failed', 'initializing']).toContain(status.get('bare')?.state);
  expect(['failed', 'initializing']).toContain(status.get('trap')?.state);
  expect(status.get('trap-at-load')?.state).toBe('refused');
});
