import { PassThrough } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type CallContext, CURRENT_CALL } from '@backplane/plugin-api';
import type { LogRecord } from '@backplane/ports';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { LogLevel } from './log-levels.ts';
import { createLogging } from './logging.ts';

type Line = Record<string, unknown>;
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
const host = globalThis as { [CURRENT_CALL]?: () => CallContext | undefined };

function collect(level?: LogLevel) {
  const text: string[] = [];
  const logging = createLogging({
    destination: { write: (line) => void text.push(line) },
    pretty: false,
    ...(level && { level }),
  });
  return { logging, text, lines: () => text.map((line) => JSON.parse(line) as Line) };
}

afterEach(() => {
  delete host[CURRENT_CALL];
});

describe('a line', () => {
  it('is one JSON object with time, level, namespace, fields and message', () => {
    const { logging, text, lines } = collect();
    logging.logger('plugins.trust-pki', { instance: 3 }).info('ready\nto sign', { keys: 2 });
    expect(text.join('').split('\n')).toHaveLength(2);
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        namespace: 'plugins.trust-pki',
        instance: 3,
        keys: 2,
        msg: 'ready\nto sign',
      },
    ]);
  });

  it('bears the trace of the current call, which is read only when the line is written', () => {
    const { logging, lines } = collect();
    let reads = 0;
    host[CURRENT_CALL] = () => {
      reads++;
      return { trace: { traceId: 'a'.repeat(32) } } as CallContext;
    };
    const logger = logging.logger('plugins.a');
    logger.debug('not written');
    expect(reads).toBe(0);
    logger.info('written');
    expect(lines()[0]?.trace_id).toBe('a'.repeat(32));
  });

  it('bears a trace that is given outside of any call, and never two', () => {
    const { logging, text, lines } = collect();
    const [own, other] = ['a'.repeat(32), 'b'.repeat(32)];
    host[CURRENT_CALL] = () => undefined;
    logging.logger('a').info('outside', { trace_id: other });
    host[CURRENT_CALL] = () => ({ trace: { traceId: own } }) as CallContext;
    logging.logger('a').info('the same', { trace_id: own });
    logging.logger('a').info('forged', { trace_id: other });
    expect(lines().map(({ trace_id, trace_id_ }) => [trace_id, trace_id_])).toEqual([
      [other, undefined],
      [own, undefined],
      [own, other],
    ]);
    expect(text[1]?.match(/trace_id/g)).toHaveLength(1);
  });

  it('stays within bounds whatever a plugin throws or says', () => {
    const { logging, text, lines } = collect();
    const huge = 'x'.repeat(5_000_000);
    logging.logger('a').error(huge, { error: new Error(huge, { cause: new Error(huge) }), said: huge });
    expect(text.join('').length).toBeLessThan(200_000);
    expect(lines()[0]).toMatchObject({ msg: expect.stringContaining('(5000000 characters)') });
  });

  it('cannot be forged by what a plugin logs', () => {
    const { logging, text, lines } = collect();
    const forged = { namespace: 'host', level: 'error', time: 'never', msg: 'other', trace_id: 'x' };
    logging.logger('plugins.a', { namespace: 'host' }).info('real %s %j', forged);
    expect(lines()[0]).toMatchObject({ namespace: 'plugins.a', level: 'info', msg: 'real %s %j', level_: 'error' });
    expect(text[0]?.match(/"namespace":/g)).toHaveLength(1);
  });

  it('shows an error with code, stack and causes', () => {
    const { logging, lines } = collect();
    const cause = Object.assign(new Error('disk full'), { code: 'ENOSPC' });
    logging.logger('a').error('failed', { error: new Error('cannot store', { cause }) });
    expect(lines()[0]?.error).toEqual({
      type: 'Error',
      message: 'cannot store',
      stack: expect.stringContaining('logging.test.ts'),
      cause: expect.objectContaining({ message: 'disk full', code: 'ENOSPC' }),
    });
  });

  it('hides secrets by their names at any depth, and touches nothing of the caller', () => {
    const { logging, text } = collect();
    const fields = {
      password: 'pw-1',
      headers: { Authorization: 'Bearer pw-2', 'X-Api-Key': 'pw-3', 'set-cookie': ['pw-4'] },
      list: [{ clientSecret: 'pw-5', access_token: { nested: 'pw-6' } }],
      error: Object.assign(new Error('refused'), { details: { db_password: 'pw-7' } }),
      map: new Map([['api_key', 'pw-8']]),
      token_expiry: 3600,
      passwordless: true,
    };
    const before = structuredClone({ ...fields, error: undefined });
    logging.logger('a', { secret: 'pw-9' }).info('login', fields);
    expect(text[0]).not.toMatch(/pw-\d/);
    expect(JSON.parse(text[0] ?? '')).toMatchObject({ token_expiry: 3600, passwordless: true, password: '[redacted]' });
    expect({ ...fields, error: undefined }).toEqual(before);
  });

  it('is written whatever the fields are, and stays one line of bounded size', () => {
    const circular: Line = { name: 'c' };
    for (let i = 0; i < 10; i++) circular[`self${i}`] = circular;
    const throwing = Object.defineProperty({}, 'boom', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
          fc.constantFrom<unknown>(circular, throwing, new Error('x'), 'text', null, { bytes: new Uint8Array(1e6) }),
        ),
        (fields) => {
          const { logging, text, lines } = collect();
          logging.logger('a').info('m', fields as Line);
          expect(lines()[0]).toMatchObject({ msg: 'm', namespace: 'a' });
          expect(text).toHaveLength(1);
          expect(text[0]?.length).toBeLessThan(200_000);
        },
      ),
    );
  });
});

describe('levels', () => {
  const written = (set: readonly [string, LogLevel | undefined][], namespace: string) => {
    const { logging, lines } = collect();
    const logger = logging.logger(namespace);
    for (const [name, level] of set) logging.setLevel(name, level);
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) logger[level](level);
    return lines().map((line) => line.level);
  };

  it.each<[readonly [string, LogLevel | undefined][], string, string[]]>([
    [[], 'plugins.a', ['info', 'warn', 'error']],
    [[['plugins', 'warn']], 'plugins.a', ['warn', 'error']],
    [
      [
        ['plugins', 'warn'],
        ['plugins.a', 'debug'],
      ],
      'plugins.a',
      ['debug', 'info', 'warn', 'error'],
    ],
    [
      [
        ['plugins.a', 'debug'],
        ['plugins', 'error'],
      ],
      'plugins.a.b',
      ['debug', 'info', 'warn', 'error'],
    ],
    [[['plugins.a', 'error']], 'plugins.ab', ['info', 'warn', 'error']],
    [[['', 'error']], 'plugins.a', ['error']],
    [[['plugins', 'silent']], 'plugins.a', []],
    [
      [
        ['plugins.a', 'trace'],
        ['plugins.a', undefined],
      ],
      'plugins.a',
      ['info', 'warn', 'error'],
    ],
    [[['', undefined]], 'plugins.a', ['info', 'warn', 'error']],
  ])('after %j, %s writes %j', (set, namespace, expected) => {
    expect(written(set, namespace)).toEqual(expected);
  });

  it('change for loggers that have been writing for long', () => {
    const { logging, lines } = collect();
    const logger = logging.logger('plugins.a');
    logger.debug('1');
    logging.setLevel('plugins.a', 'debug');
    logger.debug('2');
    logging.setLevel('plugins.a', 'info');
    logger.debug('3');
    expect(lines().map((line) => line.msg)).toEqual(['2']);
  });

  it('that are none are refused', () => {
    const { logging } = collect();
    const refused = expect.objectContaining({ code: 'BP_LOG_LEVEL_UNKNOWN' });
    expect(() => logging.setLevel('a', 'loud' as LogLevel)).toThrow(refused);
    expect(() => createLogging({ level: 'constructor' as LogLevel })).toThrow(refused);
  });
});

describe('for people', () => {
  const show = (log: (logger: ReturnType<ReturnType<typeof createLogging>['logger']>) => void, isTTY: boolean) => {
    const text: string[] = [];
    const destination = { isTTY, write: (line: string) => void text.push(line) };
    log(createLogging({ destination, ...(isTTY ? {} : { pretty: true }) }).logger('plugins.a'));
    return text.join('');
  };

  it('a line has the time of day, level, namespace, message and fields', () => {
    expect(show((logger) => logger.warn('slow answer', { ms: 412, path: '/a b' }), false)).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}plugins\.a slow answer ms=412 path="\/a b"\n$/,
    );
  });

  it('an error has its stack, and its cause below', () => {
    const text = show(
      (logger) => logger.error('failed', { error: new Error('outer', { cause: new Error('inner') }) }),
      false,
    );
    expect(text).toMatch(/failed\n {4}Error: outer\n {8}at [\s\S]* {4}caused by:\n {4}Error: inner\n/);
  });

  it('an error has its code, and all that it stands for', () => {
    const error = new AggregateError([Object.assign(new Error('port taken'), { code: 'EADDRINUSE' })], 'two failed');
    const text = show((logger) => logger.error('no start', { error }), false);
    expect(text).toMatch(/AggregateError: two failed\n[\s\S]* {4}one of them:\n {4}Error: port taken \[EADDRINUSE\]\n/);
  });

  it('what came from outside begins no lines and paints nothing', () => {
    const nasty = 'x\n12:00 INFO host all is well\x1b[2J\u009b2J';
    const text = show((logger) => logger.info(nasty, { nasty }), false);
    expect(text.match(/\n/g)).toHaveLength(1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(text).not.toMatch(/[\x1b\x9b]/);
  });

  it('a terminal gets colours, and JSON goes anywhere else', () => {
    expect(show((logger) => logger.info('x'), true)).toContain('\x1b[32mINFO');
    const stream = new PassThrough();
    createLogging({ destination: stream }).logger('a').info('x');
    expect(JSON.parse(String(stream.read()))).toMatchObject({ msg: 'x' });
  });
});

describe('a sink', () => {
  it('is handed what is printed, as it was before it was text', () => {
    const { logging, lines } = collect();
    const kept: LogRecord[] = [];
    logging.attach((record) => void kept.push(record));
    host[CURRENT_CALL] = () => ({ trace: { traceId: 'a'.repeat(32) } }) as CallContext;
    const error = new Error('refused');
    const fields = { password: 'pw-1', keys: 2, level: 'none', error };
    logging.logger('plugins.a', { instance: 3, token: 'pw-2' }).warn('slow', fields);
    const [record] = kept;
    expect(record).toEqual({
      time: expect.any(Number),
      level: 'warn',
      namespace: 'plugins.a',
      message: 'slow',
      fields: {
        instance: 3,
        token: '[redacted]',
        password: '[redacted]',
        keys: 2,
        level_: 'none',
        error: expect.objectContaining({ message: 'refused', stack: expect.any(String) }),
      },
      traceId: 'a'.repeat(32),
    });
    const { time, level, namespace, msg, trace_id, ...printed } = lines()[0] as Line;
    expect(JSON.parse(JSON.stringify(record?.fields))).toEqual(printed);
    expect([level, namespace, msg, trace_id]).toEqual(['warn', 'plugins.a', 'slow', record?.traceId]);
    expect(Math.abs(Date.parse(String(time)) - (record?.time ?? 0))).toBeLessThan(1_000);
  });

  it('has levels of its own, which change at once', () => {
    const { logging, lines } = collect('error');
    const kept: string[] = [];
    const logger = logging.logger('plugins.a.b');
    logger.info('before');
    const detach = logging.attach(({ message }) => void kept.push(message));
    logger.debug('too fine');
    logger.info('kept');
    logging.setSinkLevel('plugins.a', 'debug');
    logger.debug('kept as well');
    logging.setSinkLevel('plugins.a', 'silent');
    logger.error('printed alone');
    logging.setSinkLevel('plugins.a', undefined);
    logger.error('both');
    detach();
    logger.error('printed again');
    expect(kept).toEqual(['kept', 'kept as well', 'both']);
    expect(lines().map(({ msg }) => msg)).toEqual(['printed alone', 'both', 'printed again']);
  });

  it('that throws is not heard, and one that was replaced takes nothing off', () => {
    const { logging, lines } = collect();
    const kept: string[] = [];
    const detach = logging.attach(() => {
      throw new Error('no');
    });
    const logger = logging.logger('a');
    logger.info('first');
    logging.attach(({ message }) => void kept.push(message));
    detach();
    logger.info('second');
    expect(kept).toEqual(['second']);
    expect(lines()).toHaveLength(2);
  });

  it('is handed nothing after the end', async () => {
    const { logging } = collect();
    const kept: string[] = [];
    logging.attach(({ message }) => void kept.push(message));
    await logging.close();
    logging.logger('a').info('late');
    expect(kept).toEqual([]);
  });
});

describe('the end', () => {
  it('flushes what a slow stream still holds, and drops what is logged later', async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const logging = createLogging({ destination: stream });
    const logger = logging.logger('a');
    for (let i = 0; i < 100; i++) logger.info(String(i));
    const chunks: string[] = [];
    const closing = logging.close();
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
    await closing;
    logger.info('late');
    expect(chunks.join('').trim().split('\n')).toHaveLength(100);
    await logging.flush();
    expect(chunks.join('')).not.toContain('late');
  });
});

it('makes loggers that never write for less than 250 bytes each', () => {
  const { logging } = collect();
  const bindings = { instance: 1 };
  const loggers: unknown[] = new Array(10_000).fill(undefined);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < loggers.length; i++) loggers[i] = logging.logger('plugins.a', bindings);
  collectGarbage();
  const each = (process.memoryUsage().heapUsed - before) / loggers.length;
  expect(each).toBeGreaterThan(0);
  expect(each).toBeLessThan(250);
});
