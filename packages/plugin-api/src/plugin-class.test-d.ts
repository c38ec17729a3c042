import type { PropertyMap } from './config-schema.ts';
import type { PluginMetadata } from './define-plugin.ts';
import { PluginBase, pluginFromClass } from './plugin-class.ts';
import type { Handover, PluginContext } from './plugin-context.ts';
import { service } from './service-ref.ts';

interface Clock {
  now(): number;
}
const config = { city: { type: 'string', required: true } } as const satisfies PropertyMap;
const needs = { clock: service<Clock>('clocks.clock') };

class Complete extends PluginBase<typeof config, typeof needs> {
  static override readonly metadata: PluginMetadata = { name: 'complete', version: '1.0.0', phase: 'security' };
  static override readonly config = config;
  static override readonly needs = needs;

  override initialize(context: PluginContext<{ readonly city: string }, typeof needs>): void {
    const city: string = context.config.city;
    // @ts-expect-error the schema has no such key
    this.context.config.town;
    void city;
  }

  override async start({ state }: Handover): Promise<void> {
    const now: number = await this.context.services.clock.now();
    // @ts-expect-error what was handed over is unknown until it is checked
    state.count;
    // @ts-expect-error only what `needs` names is there
    this.context.services.other;
    void now;
  }

  override reconfigure(next: { readonly city: string }, previous: { readonly city: string }) {
    // @ts-expect-error the schema has no such key
    next.town;
    return next.city === previous.city ? undefined : ('replace' as const);
  }

  override health() {
    return { healthy: true, city: this.context.config.city };
  }
}
pluginFromClass(Complete);

class Plain extends PluginBase {
  static override readonly metadata = { name: 'plain', version: '1.0.0' };

  override start(): void {
    // @ts-expect-error no schema, no keys
    this.context.config.anything;
    // @ts-expect-error no needs, no services
    this.context.services.anything;
  }
}
pluginFromClass(Plain);

class Nameless extends PluginBase {}
// @ts-expect-error static metadata is missing
pluginFromClass(Nameless);

// @ts-expect-error a class of its own is no plugin
pluginFromClass(class {});

// @ts-expect-error there is no such phase
class WrongPhase extends PluginBase {
  static override readonly metadata = { name: 'x', version: '1.0.0', phase: 'bussiness' } as const;
}

class Misspelt extends PluginBase {
  // @ts-expect-error a key is misspelt
  static override readonly metadata: PluginMetadata = { name: 'x', version: '1.0.0', prority: 1 };
}

class WrongStart extends PluginBase {
  static override readonly metadata = { name: 'x', version: '1.0.0' };
  // @ts-expect-error start gets what was handed over, not the context
  override start(_context: PluginContext): void {}
}

class WrongHealth extends PluginBase {
  static override readonly metadata = { name: 'x', version: '1.0.0' };
  // @ts-expect-error there is no such status
  override health(): { readonly status: 'fine' } {
    return { status: 'fine' };
  }
}

void [WrongPhase, Misspelt, WrongStart, WrongHealth];
