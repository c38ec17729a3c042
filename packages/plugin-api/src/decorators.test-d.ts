import { eventHandler, plugin, pluginService, requiresAuth, trackMetrics } from './decorators.ts';
import { definePlugin } from './define-plugin.ts';
import { event } from './events.ts';
import { PluginBase } from './plugin-class.ts';
import type { PluginContext } from './plugin-context.ts';
import { pluginService as namedService } from './service-class.ts';
import { service } from './service-ref.ts';

interface Signer {
  sign(data: string, rounds: number): Promise<{ readonly hash: string }>;
}
const signer = service<Signer>('vault.signer');

// Contexts as the compiler gives them, for there is no decorator in our own packages.
declare const onMethod: { kind: 'method'; name: string; static: false; private: false };
declare const onStatic: { kind: 'method'; name: string; static: true; private: false };
declare const onPrivate: { kind: 'method'; name: string; static: false; private: true };
declare const onField: ClassFieldDecoratorContext;
declare const sign: Signer['sign'];

const guarded: Signer['sign'] = requiresAuth({ roles: ['admin'] })(sign, onMethod);
void guarded;
// @ts-expect-error a static method belongs to no object
requiresAuth()(sign, onStatic);
// @ts-expect-error a private method is reached by its own class only
requiresAuth()(sign, onPrivate);
// @ts-expect-error a field is no method
requiresAuth()(undefined, onField);
// @ts-expect-error misspelt
requiresAuth({ role: ['admin'] });
// @ts-expect-error a list
requiresAuth({ roles: 'admin' });

trackMetrics<Signer['sign']>({
  metricName: 'signed',
  labels: {
    rounds: ({ args: [data, rounds] }) => data.length + rounds,
    hash: ({ result }) => result?.hash,
    // @ts-expect-error the result has no such key
    other: ({ result }) => result?.other,
  },
})(sign, onMethod);
trackMetrics({ metricName: 'signed', labels: { first: ({ args }) => args[0], status: ({ status }) => status } })(
  sign,
  onMethod,
);
// @ts-expect-error it is no method of that kind
trackMetrics<Signer['sign']>({ metricName: 'signed' })((data: number) => data, onMethod);
// @ts-expect-error a name is needed
trackMetrics({ timing: true });

eventHandler({ eventType: event<number>('counted') })((_event: never) => {}, onMethod);
// @ts-expect-error misspelt
eventHandler({ type: 'counted' });

class Right {
  readonly context: PluginContext;
  constructor(context: PluginContext) {
    this.context = context;
  }
  async sign(data: string) {
    return { hash: data };
  }
}
class Wrong {
  sign(): number {
    return 1;
  }
}
pluginService({ name: 'signer' })(Wrong, {} as ClassDecoratorContext<typeof Wrong>);
pluginService(signer)(Right, {} as ClassDecoratorContext<typeof Right>);
// @ts-expect-error its objects are not what the token says
pluginService(signer)(Wrong, {} as ClassDecoratorContext<typeof Wrong>);
// @ts-expect-error its objects are not what the token says
namedService(signer)(Wrong);

class Vault extends PluginBase {}
plugin({ name: 'vault', version: '1.0.0', provides: [Right] })(Vault, {} as ClassDecoratorContext<typeof Vault>);
// @ts-expect-error no plugin
plugin({ name: 'vault', version: '1.0.0' })(Right, {} as ClassDecoratorContext<typeof Right>);
// @ts-expect-error misspelt
plugin({ name: 'vault', version: '1.0.0', prority: 1 });

definePlugin({
  name: 'vault',
  version: '1.0.0',
  provides: [Right],
  async initialize({ provide }) {
    const made = await provide(Right);
    const { hash } = await made.sign('x');
    // @ts-expect-error it has no such method
    made.open();
    void hash;
  },
});
