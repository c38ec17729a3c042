import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readServicePort } from './service-port.ts';

let configDir: string;
beforeEach(() => {
  configDir = mkdtempSync(join(tmpdir(), 'backplane-port-'));
  mkdirSync(join(configDir, 'plugins'));
});
afterEach(() => rmSync(configDir, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(configDir, name), text);
const read = (service?: string) =>
  readServicePort({ configDir, environment: 'production', ...(service !== undefined && { service }) });

describe('the port of the service', () => {
  it('is said by the file of a plugin, the environment’s over the default', async () => {
    expect(await read()).toEqual({ problems: [] });
    write('plugins/shop.yaml', 'default:\n  service:\n    port: 9000\nproduction:\n  service:\n    port: 9001\n');
    write('plugins/bank.yaml', 'service:\n  port: 9001\n');
    expect(await read()).toEqual({ port: 9001, problems: [] });
  });

  it('is one: two that differ are told with both places', async () => {
    write('plugins/a.yaml', 'service:\n  port: 9001\n');
    write('plugins/b.yaml', 'service:\n  port: 9002\n');
    const { problems } = await read();
    expect(problems).toEqual([
      expect.objectContaining({
        code: 'BP_SERVICE_PORTS_DIFFER',
        file: join(configDir, 'plugins/b.yaml'),
        line: 2,
        message: `The service is to have port 9001 (${join(configDir, 'plugins/a.yaml')}:2:3) and port 9002 (${join(configDir, 'plugins/b.yaml')}:2:3). Write one port, or say which holds with --port or BACKPLANE_PORT.`,
      }),
    ]);
  });

  it('is not that of a plugin that is off, nor of another service', async () => {
    write('plugins/a.yaml', 'default:\n  enabled: false\nservice:\n  port: 9001\n');
    write('plugins/b.yaml', 'service:\n  name: payments\n  port: 9002\n');
    write('plugins/c.yaml', 'service:\n  name: orders\n  port: 9003\n');
    expect(await read('orders')).toEqual({ port: 9003, problems: [] });
  });

  it.each(['"8080"', '70000', '-1', '80.5'])('is refused as %s', async (port) => {
    write('plugins/a.yaml', `service:\n  port: ${port}\n`);
    expect(await read()).toMatchObject({ problems: [{ code: 'BP_CONFIG_SETTING_INVALID', line: 2 }] });
  });
});
