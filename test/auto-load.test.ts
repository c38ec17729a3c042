import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { apiOf } from './testing/api-client.ts';
import { calculator } from './testing/api-plugins.ts';
import { writePlugins } from './testing/plugin-files.ts';
import { changed, echo, printed } from './testing/printed-fragment.ts';

const FILE = 'production_payment_service.yaml';
const payment = echo(
  'production-payment',
  `aliases: ['production-payment-service'], config: { payment: { type: 'object', properties: {
    provider: { type: 'string' }, fraud_detection_enabled: { type: 'boolean' } } } },`,
);

const start = (file: string, options: Parameters<typeof createTestHost>[0] = {}) =>
  createTestHost({
    prepare: (folder) =>
      writePlugins(folder, { 'plugins/production-payment.ts': payment, [`config/plugins/${FILE}`]: file }),
    ...options,
  });

const asleep = changed(FILE, 'auto_load: true', 'auto_load: false');
const stateOf = ({ host }: TestHost, name = 'production-payment') => host.control.pluginStatus(name).state.phase;

describe('a plugin with "auto_load: false"', () => {
  it('is not started before it is used, as its printed file says', async () => {
    await using eager = await start(printed(FILE));
    expect(stateOf(eager)).toBe('running');
    await using test = await start(asleep);
    expect(stateOf(test)).toBe('dormant');
    expect(await (await fetch(`${test.url}/health`)).json()).toMatchObject({
      status: 'healthy',
      plugins: { 'production-payment': { status: 'healthy', state: 'dormant' } },
    });
    expect((await fetch(`${test.url}/ready`)).status).toBe(200);
    const why = await fetch(`${test.url}/plugins/production-payment/why`, { headers: test.management });
    expect(await why.json()).toMatchObject({ state: 'dormant', healthy: true, mend: [] });
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${test.url}/production-payment`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(test.host.control.pluginStatus('production-payment')).toMatchObject({
      instance: 1,
      history: [{ phase: 'dormant' }, { phase: 'initializing' }, { phase: 'starting' }, { phase: 'running' }],
    });
  });

  it('starts in a process of its own at its first request', async () => {
    await using test = await start(asleep, { isolation: { 'production-payment': 'process' } });
    expect(stateOf(test)).toBe('dormant');
    expect((await fetch(`${test.url}/production-payment`)).status).toBe(200);
    expect(test.host.control.pluginStatus('production-payment')).toMatchObject({ level: 'process', instance: 1 });
  });

  it('starts when it is told to do something, and is dormant again after it was switched off and on', async () => {
    await using test = await createTestHost({
      prepare: (folder) =>
        writePlugins(folder, {
          'plugins/calculator.ts': calculator,
          'config/plugins/calculator.yaml': 'default:\n  auto_load: false\n',
        }),
    });
    const ask = apiOf(test);
    expect((await ask('GET', '/plugins/calculator')).body).toMatchObject({ status: 'dormant' });
    expect(await ask('POST', '/plugins/calculator/execute', { method: 'add', args: [1, 2] })).toMatchObject({
      status: 200,
      body: { result: 3 },
    });
    expect(stateOf(test, 'calculator')).toBe('running');
    await ask('POST', '/plugins/calculator/disable');
    expect((await ask('POST', '/plugins/calculator/enable')).status).toBe(200);
    expect(stateOf(test, 'calculator')).toBe('dormant');
    await test.host.reload('calculator');
    expect(stateOf(test, 'calculator')).toBe('running');
  });
});
