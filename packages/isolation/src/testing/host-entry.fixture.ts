import { fileURLToPath } from 'node:url';
import { systemClock } from '@backplane/base';
import { createProcessUnit } from '../process-unit.ts';
import { call, createFakeHost, probeData } from './fake-host.ts';

/** A host to be killed: starts the probe, prints its pid and folder, and makes it loop when told to. */
const fake = createFakeHost({ greeting: 'x' });
const unit = createProcessUnit({
  data: probeData(),
  digest: 'd',
  origin: 'probe',
  entry: { path: fileURLToPath(new URL('./probe.fixture.ts', import.meta.url)) },
  childEntry: new URL('./child-entry.fixture.ts', import.meta.url),
  execArgv: ['--conditions=backplane-source'],
  clock: systemClock,
});
const driver = unit.create(fake.host);
await driver.initialize();
await driver.start({ state: undefined, fromVersion: undefined });
const service = fake.provided.get('probe.probe');
await service?.invoke('print', ['pid please'], call());
const { fields } = await fake.line('pid please');
if (process.argv[2] === 'loop') await service?.invoke('end', ['loop'], call());
process.stdout.write(`${JSON.stringify({ pid: fields.pid, socketPath: fake.forwarded[0]?.socketPath })}\n`);
