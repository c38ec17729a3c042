import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBackplaneError, systemClock } from '@backplane/base';
import type { CallContext } from '@backplane/plugin-api';
import type { InstanceDriver } from '@backplane/ports';
import { afterEach, describe, expect, it } from 'vitest';
import { createProcessUnit } from './process-unit.ts';
import { call, createFakeHost, type FakeHost, probeData } from './testing/fake-host.ts';
import { isAlive } from './testing/is-alive.ts';

const file = (name: string) => new URL(`./testing/${name}`, import.meta.url);
const drivers: InstanceDriver[] = [];
const pids: number[] = [];

/** Every test ends with its processes gone. */
afterEach(async () => {
  await Promise.all(drivers.splice(0).map((driver) => driver.dispose()));
  expect(pids.splice(0).filter(isAlive)).toEqual([]);
});

interface Probed {
  readonly driver: InstanceDriver;
  readonly fake: FakeHost;
  invoke(method: string, args?: readonly unknown[], context?: CallContext): Promise<unknown>;
}

async function boot(config: unknown = {}, limits = {}, fake = createFakeHost(config)): Promise<Probed> {
  const unit = createProcessUnit({
    data: probeData(),
    digest: 'd',
    origin: 'probe',
    entry: { path: fileURLToPath(file('probe.fixture.ts')) },
    childEntry: file('child-entry.fixture.ts'),
    execArgv: ['--conditions=backplane-source'],
    clock: systemClock,
    limits,
    run: fake.run,
  });
  const driver = unit.create(fake.host);
  drivers.push(driver);
  await driver.initialize();
  const invoke = (method: string, args: readonly unknown[] = [], context = call()) => {
    const service = fake.provided.get('probe.probe');
    if (service === undefined) throw new Error('nothing was provided');
    return service.invoke(method, args, context);
  };
  await driver.start({ state: undefined, fromVersion: undefined });
  return { driver, fake, invoke };
}

const pidOf = async ({ fake, invoke }: Probed): Promise<number> => {
  await invoke('print', ['pid please']);
  const pid = Number((await fake.line('pid please')).fields.pid);
  pids.push(pid);
  return pid;
};

describe('a plugin in a process of its own', () => {
  it('answers calls with the caller, trace, deadline and generation of the host', async () => {
    const { invoke, driver } = await boot();
    const deadline = Date.now() + 60_000;
    expect(await invoke('context', [], call({ deadline }))).toEqual({
      principal: { kind: 'user', id: 'ada', roles: ['signer'], permissions: ['sign'] },
      trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true },
      deadline,
      generation: 42,
    });
    const value = { bytes: new Uint8Array(70_000).subarray(9, 12).fill(3), map: new Map([[1, new Date(5)]]), big: 5n };
    expect(await invoke('echo', [value])).toEqual(value);
    expect(await invoke('configIsFrozen')).toBe(true);
    expect(await driver.health()).toMatchObject({ healthy: true });
  });

  it('takes new configuration in place, asks for a new instance, refuses with its own error, or dies of it', async () => {
    const probed = await boot();
    const { driver, fake } = probed;
    const pid = await pidOf(probed);
    expect(driver.reconfigurable()).toBe(true);
    expect(await driver.reconfigure({ limit: 2 }, {})).toBe('accepted');
    expect(await driver.reconfigure({ anew: true }, {})).toBe('replace');
    await expect(driver.reconfigure({ refuse: true }, {})).rejects.toMatchObject({
      code: 'BP_PROBE',
      details: { frozen: true },
    });
    expect(await pidOf(probed)).toBe(pid);
    const dying = expect(driver.reconfigure({ exit: true }, {})).rejects.toMatchObject({ code: 'BP_PROCESS_EXITED' });
    expect(await fake.failed).toMatchObject({ code: 'BP_PROCESS_EXITED', details: { pid, exitCode: 7 } });
    await dying;
    await expect(driver.reconfigure({}, {})).rejects.toMatchObject({ code: 'BP_PROCESS_EXITED' });
  });

  it('calls the services it needs in the very call it serves, and outside any from a timer', async () => {
    const { invoke, fake } = await boot();
    const deadline = Date.now() + 60_000;
    const context = call({ deadline });
    expect(await invoke('askPeer', ['inside'], context)).toBe('answer to inside');
    expect(fake.asked[0]?.options.call).toBe(context);
    expect(fake.asked[0]?.options.timeout).toBeGreaterThan(50_000);
    await invoke('askBriefly', ['brief', 1000], context);
    expect(fake.asked[1]?.options.timeout).toBeLessThanOrEqual(1000);
    expect(await invoke('askOutside', ['outside'], context)).toBe('answer to outside');
    expect(fake.asked[2]?.options.call).toBeUndefined();
    await expect(invoke('nothing')).rejects.toMatchObject({ code: 'BP_METHOD_MISSING' });
    await expect(invoke('toString')).rejects.toMatchObject({ code: 'BP_METHOD_MISSING' });
  });

  it('passes on that the caller has gone, in both directions', async () => {
    const { invoke, fake } = await boot();
    const gone = new AbortController();
    const hanging = invoke('hang', [], call({ signal: gone.signal }));
    await invoke('echo');
    gone.abort(new Error('the client left'));
    await expect(hanging).rejects.toThrow('the client left');
    expect(await invoke('lastAbort')).toMatchObject({ message: 'the client left' });

    const { promise: arrived, resolve } = Promise.withResolvers<AbortSignal | undefined>();
    fake.answer = (_, { signal }) => {
      resolve(signal);
      return new Promise(() => {});
    };
    const leaving = new AbortController();
    const asking = invoke('askPeer', ['?'], call({ signal: leaving.signal }));
    const signal = await arrived;
    leaving.abort(new Error('gone again'));
    await expect(asking).rejects.toThrow('gone again');
    await new Promise<void>((done) => (signal?.aborted ? done() : signal?.addEventListener('abort', () => done())));
    expect(signal?.reason.message).toBe('gone again');
  });

  it('aborts a call in the child at its deadline, and every call at the drain limit', async () => {
    const { invoke, fake } = await boot();
    const late = invoke('hang', [], call({ deadline: Date.now() + 30 }));
    await expect(late).rejects.toMatchObject({ code: 'BP_REMOTE_DEADLINE', status: 504 });
    expect(await invoke('draining')).toBe(false);
    fake.draining.abort(new Error('replaced'));
    expect(await invoke('draining')).toBe(true);
    const cut = invoke('hang');
    fake.ended.abort(new Error('the drain limit'));
    await expect(cut).rejects.toThrow('the drain limit');
  });

  it('brings errors across with code, status, details, stack and cause', async () => {
    const { invoke } = await boot();
    const coded = (await invoke('failWith', ['coded']).catch((error) => error)) as Error;
    expect(isBackplaneError(coded, 'BP_PROBE')).toBe(true);
    expect(coded).toMatchObject({ status: 422, details: { at: 'here' }, cause: { message: 'the disk is full' } });
    expect(coded.stack).toContain('probe.fixture.ts');
    await expect(invoke('failWith', ['plain'])).rejects.toMatchObject({
      name: 'TypeError',
      code: 'E_PLAIN',
      status: 409,
    });
    await expect(invoke('failWith', ['text'])).rejects.toThrow('just text');
    let depth = 0;
    let at = await invoke('failWith', ['deep']).catch((error) => error);
    for (; at instanceof Error; at = at.cause) depth++;
    expect(depth).toBe(8);
  });

  it('names what cannot be copied, on either side, and goes on', async () => {
    const { invoke, fake } = await boot();
    const beside = invoke('echo', ['in the same batch']);
    await expect(invoke('echo', [{ list: [1, { act() {} }] }])).rejects.toMatchObject({
      code: 'BP_NOT_CLONEABLE',
      details: { service: 'probe.probe', method: 'echo', path: '[0].list[1].act' },
    });
    expect(await beside).toBe('in the same batch');
    await expect(invoke('giveBack', ['function'])).rejects.toMatchObject({
      code: 'BP_NOT_CLONEABLE',
      message: expect.stringContaining('The result of probe.probe.giveBack()'),
      details: { path: '.nested.act' },
    });
    await expect(invoke('giveBack', ['instance'])).rejects.toMatchObject({
      code: 'BP_NOT_CLONEABLE',
      message: expect.stringContaining('an instance of Point'),
    });
    await expect(invoke('giveBack', ['promise'])).rejects.toMatchObject({ details: { path: ".nested[0].get('k')" } });
    const inChild = { code: 'BP_NOT_CLONEABLE', details: { service: 'answers.answers', path: '[0].list[1]' } };
    await expect(invoke('askWith', ['function'])).rejects.toMatchObject(inChild);
    await expect(invoke('askWith', ['handle'])).rejects.toMatchObject(inChild);
    fake.answer = () => ({ deep: { symbol: Symbol('s') } });
    await expect(invoke('askPeer', ['?'])).rejects.toMatchObject({ details: { path: '.deep.symbol' } });
    expect(await invoke('echo', ['still here'])).toBe('still here');
  });

  it('logs through the host, in the call, with errors as errors', async () => {
    const { invoke, fake } = await boot();
    const context = call();
    await invoke('log', ['to the host', { size: 3 }], context);
    const line = await fake.line('to the host');
    expect(line).toMatchObject({ level: 'info', fields: { size: 3, error: { code: 'BP_PROBE', message: 'logged' } } });
    expect(line.fields.error).toBeInstanceOf(Error);
    expect(line.call).toBe(context);
    await invoke('logOdd');
    expect((await fake.line('odd')).fields).toMatchObject({ n: 1, act: expect.stringContaining('Function') });
    await invoke('print', ['plain words']);
    expect(await fake.line('plain words')).toMatchObject({ level: 'info', fields: { stream: 'stdout' } });
  });

  it('signs streams with keys of the host, piece by piece', async () => {
    const { invoke, fake } = await boot();
    const megabytes = 3 * 1024 * 1024;
    expect(await invoke('sign', [megabytes, 1024 * 1024])).toEqual({ length: expect.any(Number), verified: true });
    expect(fake.pieces.reduce((sum, size) => sum + size, 0)).toBe(2 * megabytes);
    expect(Math.max(...fake.pieces)).toBe(256 * 1024);
  });

  it('never answers the child in the call that happened to start it', async () => {
    const calls = new AsyncLocalStorage<string>();
    const fake = createFakeHost();
    fake.answer = () => calls.getStore() ?? 'outside';
    const { invoke } = await calls.run('the reload request', () => boot({}, {}, fake));
    expect(await invoke('askOutside', ['?'])).toBe('outside');
    expect(await calls.run('a caller', () => invoke('askPeer', ['?']))).toBe('outside');
  });

  it('pauses, resumes and hands its state over', async () => {
    const { driver, invoke } = await boot();
    const ticks = async () => Number(await invoke('ticks'));
    while ((await ticks()) < 2) await invoke('slow', [2]);
    const state = (await driver.quiesce()) as { ticks: number; taken: Date };
    expect(state.taken).toEqual(new Date(0));
    const before = await ticks();
    await invoke('slow', [25]);
    expect(await ticks()).toBe(before);
    await driver.resume();
    while ((await ticks()) === before) await invoke('slow', [2]);
    const next = await boot();
    await next.driver.start({ state: { ticks: 1000 }, fromVersion: '1.0.0' });
    expect(Number(await next.invoke('ticks'))).toBeGreaterThanOrEqual(1000);
  });

  it('speaks HTTP over a private socket, streamed, in the call of the host', async () => {
    const probed = await boot({ greeting: 'hello' });
    const { fake } = probed;
    const target = fake.forwarded[0];
    if (target?.carry === undefined) throw new Error('nothing was forwarded');
    expect(statSync(dirname(target.socketPath)).mode & 0o777).toBe(0o700);
    const context = call();
    const { headers, release } = target.carry(context);
    const get = (extra: Record<string, string>) =>
      new Promise<string>((resolve, reject) => {
        const request = httpRequest({ socketPath: target.socketPath, path: '/stream', headers: extra }, (response) => {
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve(text));
        });
        request.on('error', reject).end();
      });
    expect(await get(headers)).toBe('hello ada answer to over http');
    expect(fake.asked[0]?.options.call).toBe(context);
    release();
    const forged = {
      'x-backplane-call': String(headers['x-backplane-call']).replace(/^./, (c) => (c === 'a' ? 'b' : 'a')),
    };
    expect(await get(forged)).toBe('hello undefined answer to over http');
    expect(fake.asked[1]?.options.call).toBeUndefined();
    await probed.driver.dispose();
    expect(existsSync(dirname(target.socketPath))).toBe(false);
  });

  it('refuses middleware even when the plugin ignores the refusal', async () => {
    await expect(boot({ middleware: true })).rejects.toMatchObject({
      code: 'BP_MIDDLEWARE_NOT_INLINE',
      details: { plugin: 'probe', middleware: 'meddler' },
    });
    await expect(boot({ failInitialize: true })).rejects.toMatchObject({
      code: 'BP_PROBE',
      status: 418,
      details: { a: 1 },
    });
  });
});

describe('the end of the process', () => {
  const crash = async (how: string) => {
    const probed = await boot();
    const pid = await pidOf(probed);
    const waiting = probed.invoke('hang').catch((error) => error);
    if (how === 'SIGKILL') process.kill(pid, 'SIGKILL');
    else void probed.invoke('end', [how]).catch(() => {});
    const reason = await probed.fake.failed;
    return { ...probed, pid, reason, waiting: await waiting };
  };

  it.each([
    ['exit', { exitCode: 7, signal: null }],
    ['SIGKILL', { exitCode: null, signal: 'SIGKILL' }],
    ['throw', { exitCode: 1, signal: null }],
    ['stderr', { exitCode: 3, signal: null }],
  ])('by %s fails the instance and every waiting call with the reason', async (how, end) => {
    const { reason, waiting, pid, fake, invoke, driver } = await crash(how);
    expect(reason).toMatchObject({ code: 'BP_PROCESS_EXITED', details: { plugin: 'probe', pid, ...end } });
    expect(waiting).toBe(reason);
    await expect(invoke('echo')).rejects.toBe(reason);
    await expect(driver.health()).rejects.toBe(reason);
    await driver.stop();
    if (how === 'throw') expect(reason.cause).toMatchObject({ name: 'RangeError', message: 'nobody caught this' });
    if (how === 'stderr') {
      expect(reason.message).toContain('last words');
      expect(reason).toMatchObject({ details: { stderr: ['first line', 'last words'] } });
    }
    expect(fake.failures).toHaveLength(1);
  });

  it('is not brought about by a promise that was rejected and nobody looked at: that is logged', async () => {
    const { invoke, fake } = await boot();
    await invoke('end', ['reject']);
    const { level, fields } = await fake.line('A promise was rejected and nobody looked.');
    expect(level).toBe('error');
    expect(fields.error).toMatchObject({ name: 'RangeError', message: 'nobody awaited this' });
    expect(await invoke('echo', [1])).toBe(1);
  });

  it('by a closed channel is brought about by the host', async () => {
    const { reason } = await crash('disconnect');
    expect(reason).toMatchObject({ code: 'BP_PROCESS_DISCONNECTED' });
  });

  it('is not needed for the plugin to say that it cannot go on', async () => {
    const probed = await boot();
    await probed.invoke('end', ['fail']);
    expect(await probed.fake.failed).toMatchObject({ code: 'BP_PROBE', message: 'It gives up.' });
    expect(await probed.invoke('echo', [1])).toBe(1);
  });

  it('comes by force when an endless loop does not hear the request to end', async () => {
    const probed = await boot({}, { polite: 50, terminate: 50 });
    const pid = await pidOf(probed);
    await probed.invoke('end', ['loop']);
    const waiting = probed.invoke('echo').catch((error) => error);
    await probed.driver.dispose();
    expect(isAlive(pid)).toBe(false);
    expect(await waiting).toMatchObject({ code: 'BP_PROCESS_ENDED' });
    expect(probed.fake.failures).toEqual([]);
  });

  it('comes politely otherwise, and disposing without a process does nothing', async () => {
    const probed = await boot();
    const pid = await pidOf(probed);
    await probed.driver.dispose();
    expect(isAlive(pid)).toBe(false);
    await expect(probed.invoke('echo')).rejects.toMatchObject({ code: 'BP_PROCESS_ENDED', details: { pid } });
    expect(probed.fake.failures).toEqual([]);
  });

  it('during initialize fails that step alone', async () => {
    const fake = createFakeHost();
    const unit = createProcessUnit({
      data: probeData(),
      digest: 'd',
      origin: 'probe',
      entry: { path: 'irrelevant' },
      childEntry: file('no-such-entry.ts'),
      clock: systemClock,
    });
    const driver = unit.create(fake.host);
    drivers.push(driver);
    await expect(driver.initialize()).rejects.toMatchObject({ code: 'BP_PROCESS_EXITED', details: { exitCode: 1 } });
    expect(fake.failures).toEqual([]);
  });
});
