import { createTestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { receiptsOf } from './testing/leaky-plugin.ts';
import { writePlugins } from './testing/plugin-files.ts';

const sloppy = (version: string) => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'sloppy',
  version: '${version}',
  limits: { stop: 100 },
  initialize({ http, scope }) {
    scope.add('fine', () => {});
    scope.add('refuses', () => { throw new Error('it is locked'); });
    scope.add('hangs', () => new Promise(() => {}));
    http.routes((app) => app.get('/', async () => 'served'));
  },
});
`;

describe.each(['inline', 'process'] as const)('the receipt of a version at level %s', (level) => {
  it('names each effect that could not be undone, and why', async () => {
    await using test = await createTestHost({
      allowLeaks: true,
      isolation: { sloppy: level },
      prepare: (folder) => writePlugins(folder, { 'plugins/sloppy.ts': sloppy('1.0.0') }),
    });
    await (await fetch(`${test.url}/sloppy`)).text();
    await writePlugins(test.folder, { 'plugins/sloppy.ts': sloppy('2.0.0') });
    await test.host.reload('sloppy');
    await expect.poll(() => receiptsOf(test, 'sloppy').length).toBe(1);
    expect(receiptsOf(test, 'sloppy')).toMatchObject([
      {
        version: '1.0.0',
        problems: [],
        held: [
          { kind: 'effect', label: 'sloppy > hangs', reason: 'it was not undone within 100 ms' },
          { kind: 'effect', label: 'sloppy > refuses', reason: 'it is locked' },
        ],
      },
    ]);
  });
});
