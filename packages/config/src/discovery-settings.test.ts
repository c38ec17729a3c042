import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDiscoverySettings } from './discovery-settings.ts';

let project: string;
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'backplane-settings-'));
  await mkdir(join(project, 'config'));
});
afterEach(() => rm(project, { recursive: true }));

async function read(text: string) {
  await writeFile(join(project, 'config/base.yaml'), text);
  return readDiscoverySettings(join(project, 'config'), 'production');
}

describe('the discovery keys of base.yaml', () => {
  it('are read as the references print them, with paths from the project on', async () => {
    const settings = await read(`plugins:
  enabled: true
  auto_discovery: true
  discovery_paths:
    - "./plugins"
    - "/opt/mmf/plugins"
  config_dir: "./config/plugins"
`);
    expect(settings).toEqual({
      enabled: true,
      autoDiscovery: true,
      paths: [join(project, 'plugins'), '/opt/mmf/plugins'],
      pluginConfigDir: join(project, 'config/plugins'),
      problems: [],
    });
  });

  it('may be called directories, beside sections of plugins, which are left alone', async () => {
    const settings = await read(`plugins:
  directories:
    - "./plugins"
    - "./custom_plugins"
  jwt-authentication:
    token_expiry: 3600
`);
    expect(settings).toEqual({ paths: [join(project, 'plugins'), join(project, 'custom_plugins')], problems: [] });
  });

  it('may stand in config.yaml, and in the file of the environment, which has the last word', async () => {
    await writeFile(join(project, 'config/config.yaml'), 'plugins:\n  directories:\n    - "./custom_plugins"\n');
    await writeFile(join(project, 'config/production.yaml'), 'plugins:\n  auto_discovery: false\n');
    await writeFile(join(project, 'config/staging.yaml'), 'plugins:\n  enabled: false\n');
    expect(await read('plugins:\n  auto_discovery: true\n  directories: [./plugins]\n')).toEqual({
      autoDiscovery: false,
      paths: [join(project, 'custom_plugins')],
      problems: [],
    });
  });

  it('say nothing where the file, or its section, is not there', async () => {
    expect(await readDiscoverySettings(join(project, 'config'), 'production')).toEqual({ problems: [] });
    expect(await read('other: 1\n')).toEqual({ problems: [] });
    expect(await read('plugins:\n')).toEqual({ problems: [] });
  });

  it('are told with their line where they are wrong', async () => {
    expect((await read('plugins:\n  enabled: 1\n  discovery_paths: ./plugins\n')).problems).toMatchObject([
      { code: 'BP_CONFIG_SETTING_INVALID', line: 2 },
      { code: 'BP_CONFIG_SETTING_INVALID', line: 3 },
    ]);
    expect((await read('plugins: [\n')).problems).toHaveLength(1);
  });

  it('are told where one is misspelt, unless it is a section of a plugin', async () => {
    const { problems } = await read('plugins:\n  discovery_path: [./plugins]\n  directorys: {}\n  orders:\n');
    expect(problems).toMatchObject([
      { line: 2, message: expect.stringContaining('Did you mean "discovery_paths"?') as string },
    ]);
    expect(problems).toHaveLength(1);
  });
});
