import { describe, expect, it } from 'vitest';
import { normalizeHealth } from './normalize-health.ts';

const read = (answer: unknown) => {
  const report = normalizeHealth(answer as never, ['shop.orders']);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  return report;
};

describe('a health report', () => {
  it('is fit for JSON, whatever a plugin tells', () => {
    const ring: Record<string, unknown> = {};
    ring.ring = ring;
    const refusing = {
      toJSON() {
        throw new Error('no');
      },
      get bad() {
        throw new Error('no value');
      },
    };
    const facts = {
      rows: 10n,
      ring,
      refusing,
      since: new Date(0),
      map: new Map([['a', 1]]),
      run() {},
      nan: Number.NaN,
    };
    expect(read({ healthy: true, ...facts })).toMatchObject({
      status: 'healthy',
      details: {
        rows: '10',
        ring: { ring: '[circular]' },
        refusing: '[unreadable: no]',
        since: '1970-01-01T00:00:00.000Z',
        map: { a: 1 },
        nan: 'NaN',
      },
    });
    const getter = {
      get bad() {
        throw new Error('no value');
      },
    };
    expect(read({ healthy: true, getter }).details).toEqual({ getter: { bad: '[unreadable: no value]' } });
  });

  it('takes checks and services that are some, and leaves the rest out', () => {
    const checks = [null, 3, { name: 'rows', status: 'pass', message: 3n, details: { rows: 10n } }, { status: 'warn' }];
    const services = { orders: { status: 'degraded', rows: 10n }, odd: null };
    expect(read({ checks, services })).toMatchObject({
      status: 'degraded',
      checks: [
        { name: 'rows', status: 'pass', message: '3', details: { rows: '10' } },
        { name: 'check', status: 'warn' },
      ],
      services: { orders: { status: 'degraded', rows: '10' } },
    });
    expect(Object.keys(read({ services: 'none' }).services)).toEqual(['orders']);
    expect(read({ checks, services }).services).not.toHaveProperty('odd');
  });

  it('that cannot be read is unhealthy, with the reason', () => {
    const refusing = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('no keys');
        },
      },
    );
    expect(read(refusing)).toMatchObject({ status: 'unhealthy', message: '[unreadable: no keys]' });
  });

  it('is that of the author’s word where it is one', () => {
    expect([true, false, 'degraded', 'odd', undefined].map((answer) => read(answer).status)).toEqual([
      'healthy',
      'unhealthy',
      'degraded',
      'unhealthy',
      'healthy',
    ]);
  });
});
