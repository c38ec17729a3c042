import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backplane-vitest-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("lets an author's own tests import a file with decorators, with the lines of their source", async () => {
  const files = {
    'package.json': '{ "type": "module" }',
    'vitest.config.ts': `import { lowerDecorators } from '@backplane/testing/vitest';
export default { plugins: [lowerDecorators()] };`,
    'vault.ts': `import { requiresAuth } from '@backplane/plugin-api/decorators';
export class Vault {
  readonly contents: string = 'gold';

  @requiresAuth({ roles: ['owner'] })
  open(): string {
    return this.contents;
  }
  trace(): string {
    return new Error('here').stack ?? '';
  }
}`,
    'vault.test.ts': `import { expect, test } from 'vitest';
import { Vault } from './vault.ts';
test('it is guarded', () => {
  expect(() => new Vault().open()).toThrow(expect.objectContaining({ code: 'BP_AUTH_REQUIRED' }));
  expect(new Vault().trace()).toMatch(/vault\\.ts:10:/);
});`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, 'run', '--root', folder], {
    env: { ...process.env, NO_COLOR: '1' },
  }).catch((error: { stdout: string }) => error);
  expect(stdout).toMatch(/Tests +1 passed/);
});
