import { createTestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

const keeper = (version: string, handOver: string) => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'keeper',
  version: '${version}',
  initialize: () => ({ ${handOver} }),
});
`;

const CASES = [
  ['throws', "handOver() { throw new Error('the disk is full'); }", 'BP_HANDOVER_FAILED', 'the disk is full'],
  ['gives what cannot cross', 'handOver: () => ({ open: { act() {} } })', 'BP_HANDOVER_NOT_CLONEABLE', 'open.act'],
] as const;

describe.each(['inline', 'process'] as const)('a version at level %s whose hand-over', (level) => {
  it.each(CASES)('%s is kept once, and replaced without its state when asked again', async (_, how, code, reason) => {
    await using test = await createTestHost({
      isolation: { keeper: level },
      prepare: (folder) => writePlugins(folder, { 'plugins/keeper.ts': keeper('1.0.0', how) }),
    });
    await writePlugins(test.folder, { 'plugins/keeper.ts': keeper('2.0.0', '') });
    const { steps } = await test.host.reload('keeper');
    expect(steps).toMatchObject([{ outcome: 'returned', failure: { code, message: expect.stringContaining(reason) } }]);
    expect(test.host.control.pluginStatus('keeper')).toMatchObject({ version: '1.0.0', state: { phase: 'running' } });
    await test.host.reload('keeper');
    expect(test.host.control.pluginStatus('keeper')).toMatchObject({ version: '2.0.0', state: { phase: 'running' } });
  });
});
