import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { hostOptions } from './run-host.ts';

const PRINTED = new URL('../../../test/testing/fragments/production_payment_service.yaml', import.meta.url);

let config: string;
beforeEach(async () => {
  config = await mkdtemp(join(tmpdir(), 'backplane-options-'));
  await mkdir(join(config, 'plugins'));
  await copyFile(PRINTED, join(config, 'plugins/production_payment_service.yaml'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(config, { recursive: true });
});

it('listens on the port that the file of a plugin names, unless a flag or the environment does', async () => {
  for (const name of ['BACKPLANE_PORT', 'MMF_PORT']) vi.stubEnv(name, '');
  const file = join(config, 'plugins/production_payment_service.yaml');
  expect((await hostOptions({ config })).listen).toMatchObject({ port: 8080 });
  await writeFile(file, (await readFile(file, 'utf8')).replace('8080', '8081'));
  expect((await hostOptions({ config })).listen).toMatchObject({ host: '127.0.0.1', port: 8081 });
  expect((await hostOptions({ config, port: '9000' })).listen).toMatchObject({ port: 9000 });
  vi.stubEnv('MMF_PORT', '9001');
  expect((await hostOptions({ config })).listen).toMatchObject({ port: 9001 });
});
