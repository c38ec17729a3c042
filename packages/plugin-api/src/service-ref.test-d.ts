import { withCallOptions } from './call-context.ts';
import { definePlugin } from './define-plugin.ts';
import { type HandleOf, lazy, optional, service } from './service-ref.ts';

interface Counter {
  readonly label: string;
  add(amount: number, note?: string): number;
  total(): Promise<number>;
}
const counter = service<Counter>('counters.counter', { range: '^1.0.0' });

/** What a consumer sees: methods only, all asynchronous, with their parameters. */
interface CounterHandle {
  readonly add: (amount: number, note?: string) => Promise<number>;
  readonly total: () => Promise<number>;
}
declare const wanted: CounterHandle;
wanted satisfies HandleOf<typeof counter>;

definePlugin({
  name: 'consumer',
  version: '1.0.0',
  needs: { counter, maybe: optional(counter), later: lazy(counter) },
  async initialize({ services }) {
    const handle: CounterHandle = services.counter;
    const total: number = await handle.total();
    const sum: number = await services.later.add(total);
    // @ts-expect-error a method that was synchronous answers a promise: it may run elsewhere
    const now: number = services.counter.add(1);
    // @ts-expect-error what is no method stays with the provider
    services.counter.label;
    // @ts-expect-error the argument is a number
    services.counter.add('1');
    // @ts-expect-error there is no such method
    services.counter.subtract(1);
    // @ts-expect-error an optional need may be unmet
    services.maybe.total();
    await services.maybe?.total();
    // @ts-expect-error only what `needs` names is there
    services.other;
    // @ts-expect-error handles are fixed
    services.counter = handle;

    const hurried: typeof services.counter = withCallOptions(services.counter, { timeout: 50 });
    withCallOptions(services.counter, { signal: AbortSignal.timeout(50) });
    // @ts-expect-error milliseconds, as a number
    withCallOptions(services.counter, { timeout: '50ms' });
    // @ts-expect-error there is no such option
    withCallOptions(services.counter, { retries: 3 });
    // @ts-expect-error an unmet need has no options
    withCallOptions(services.maybe, { timeout: 50 });
    void [sum, now, hurried];
  },
});

definePlugin({
  name: 'provider',
  version: '1.0.0',
  provides: [counter, 'counters.other'],
  initialize(context) {
    context.provide(counter, { label: 'a', add: (amount) => amount, total: async () => 0 });
    // @ts-expect-error a method is missing
    context.provide(counter, { label: 'a', add: (amount: number) => amount });
    // @ts-expect-error a method returns something else
    context.provide(counter, { label: 'a', add: (amount: number) => String(amount), total: async () => 0 });
    // @ts-expect-error a method takes something else
    context.provide(counter, { label: 'a', add: (amount: string) => amount.length, total: async () => 0 });
    // @ts-expect-error the token brings the type; an id alone has none
    context.provide('counters.counter', {});
    // @ts-expect-error a need is no token
    context.provide(optional(counter), { label: 'a', add: (amount: number) => amount, total: async () => 0 });
  },
});

// @ts-expect-error a need is a token, not an id
definePlugin({ name: 'x', version: '1.0.0', needs: { counter: 'counters.counter' } });
// @ts-expect-error a need is marked once
definePlugin({ name: 'x', version: '1.0.0', needs: { counter: optional(lazy(counter)) } });
// @ts-expect-error provides lists tokens or ids
definePlugin({ name: 'x', version: '1.0.0', provides: [{ id: 'counters.counter' }] });
// @ts-expect-error a service is an object with methods
service<string>('x.y');

definePlugin({
  name: 'x',
  version: '1.0.0',
  needs: { bare: service('x.y') },
  initialize({ services }) {
    // @ts-expect-error a token without its interface brings no methods
    services.bare.total();
  },
});
