import { defineErrors } from '@backplane/base';
import type { HealthReport } from '@backplane/plugin-api';

const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

export const errors = defineErrors('kernel', {
  BP_PLUGIN_CYCLE: {
    title: 'Plugins depend on each other in a cycle',
    status: 409,
    mend: 'Take one of the dependencies out, or make that need lazy().',
    message: (d: { path: readonly string[] }) => `These plugins wait for each other: ${d.path.join(' -> ')}.`,
  },
  BP_DEPENDENCY_MISSING: {
    title: 'A plugin depends on one that is not there',
    status: 409,
    mend: 'Install it, enable it, or make the dependency optional.',
    message: (d: { plugin: string; dependency: string; range: string }) =>
      `Plugin "${d.plugin}" depends on "${d.dependency}"${d.range === '*' ? '' : ` ${d.range}`}, which is not there.`,
  },
  BP_DEPENDENCY_VERSION: {
    title: 'A plugin depends on another version of a plugin',
    status: 409,
    mend: 'Install a version that satisfies everyone, or widen the range.',
    message: (d: {
      plugin: string;
      dependency: string;
      range: string;
      found: string;
      asks: readonly { plugin: string; range: string; met: boolean }[];
    }) =>
      `Plugin "${d.plugin}" depends on "${d.dependency}" ${d.range}, but version ${d.found} is there. Who asks for what: ${d.asks
        .map((ask) => `"${ask.plugin}" ${ask.range} (${ask.met ? 'met' : 'not met'})`)
        .join(', ')}.`,
  },
  BP_PHASE_ORDER: {
    title: 'A plugin depends on one of a later phase',
    status: 409,
    mend: 'Move one of them to another phase: a dependency starts before its dependent.',
    message: (d: { plugin: string; phase: string; dependency: string; dependencyPhase: string }) =>
      `Plugin "${d.plugin}" (phase ${d.phase}) depends on "${d.dependency}", which starts later (phase ${d.dependencyPhase}).`,
  },
  BP_SERVICE_CONFLICT: {
    title: 'Two plugins provide the same service',
    status: 409,
    mend: 'Keep one of them.',
    message: (d: { service: string; plugins: readonly string[] }) =>
      `Service "${d.service}" is provided by ${list(d.plugins)}; none of them is started.`,
  },
  BP_SERVICE_MISSING: {
    title: 'A plugin needs a service that nobody provides',
    status: 409,
    mend: 'Install a plugin that provides it, or make the need optional().',
    message: (d: { plugin: string; service: string }) =>
      `Plugin "${d.plugin}" needs service "${d.service}", which nobody provides.`,
  },
  BP_SERVICE_UNDECLARED: {
    title: 'A plugin provides a service that it did not declare',
    mend: 'Name it in "provides".',
    message: (d: { plugin: string; service: string; declared: readonly string[] }) =>
      `Plugin "${d.plugin}" provides service "${d.service}" but declares ${d.declared.length === 0 ? 'none' : list(d.declared)}.`,
  },
  BP_SERVICE_PROVIDED_TWICE: {
    title: 'A plugin provides a service twice',
    mend: 'Call provide() once for each service.',
    message: (d: { plugin: string; service: string }) =>
      `Plugin "${d.plugin}" provides service "${d.service}" a second time.`,
  },
  BP_SERVICE_NOT_PROVIDED: {
    title: 'A plugin did not provide a service that it declares',
    mend: 'Call context.provide() for it in initialize(), or take it out of "provides".',
    message: (d: { plugin: string; services: readonly string[] }) =>
      `Plugin "${d.plugin}" declares ${list(d.services)} but initialize() ended without providing it.`,
  },
  BP_SERVICE_UNAVAILABLE: {
    title: 'A service is called whose plugin does not run',
    status: 503,
    mend: 'See the status of that plugin.',
    message: (d: { plugin: string; service: string }) =>
      `Plugin "${d.plugin}" called service "${d.service}", whose plugin does not run.`,
  },
  BP_CALL_BEFORE_START: {
    title: 'A service is called before the plugin is activated',
    mend: 'Take the handle in initialize(), call it from start() on.',
    message: (d: { plugin: string; service: string; method: string }) =>
      `Plugin "${d.plugin}" called ${d.service}.${d.method} in initialize(), which prepares without outside effects.`,
  },
  BP_CALL_TOO_DEEP: {
    title: 'Plugins call each other without end',
    mend: 'Look for two services that call each other through lazy() needs.',
    message: (d: { service: string; method: string; limit: number }) =>
      `The call of ${d.service}.${d.method} is more than ${d.limit} lazy calls deep.`,
  },
  BP_DEADLINE_EXCEEDED: {
    title: 'A deadline passed before the answer',
    status: 504,
    mend: 'Give the call more time, or find out what is slow.',
    message: (d: { service: string; method: string }) =>
      `The deadline passed before ${d.service}.${d.method} answered.`,
  },
  BP_CALL_CANCELLED: {
    title: 'A call was cancelled before the answer',
    status: 499,
    mend: 'Call again if the answer is still wanted.',
    message: (d: { service: string; method: string }) =>
      `The call of ${d.service}.${d.method} was cancelled by its caller.`,
  },
  BP_CALL_DRAINED: {
    title: 'A call outlived the drain limit of a replaced plugin',
    status: 503,
    mend: 'Raise the limit "drain" of the plugin, or end long calls when call.draining aborts.',
    message: (d: { plugin: string; version: string; limitMs: number }) =>
      `Plugin "${d.plugin}" ${d.version} has been replaced, and this call did not end within ${d.limitMs} ms.`,
  },
  BP_INSTANCE_GONE: {
    title: 'A handle is used after its plugin was unloaded',
    mend: 'Let the scope own timers and listeners, so that nothing of the plugin runs after it.',
    message: (d: { plugin: string; version: string }) =>
      `Something of plugin "${d.plugin}" ${d.version} still runs although it has been unloaded.`,
  },
  BP_SCOPE_MISUSED: {
    title: 'A scope was asked for what cannot be',
    mend: 'Correct the call.',
    message: (d: { scope: string; label: string; problem: string }) =>
      `"${d.label}" cannot be added to scope "${d.scope}": ${d.problem}.`,
  },
  BP_SCOPE_CLOSED: {
    title: 'An effect is registered in a scope that is closed',
    mend: 'Register effects while the plugin runs; check scope.signal in long work.',
    message: (d: { scope: string; label: string }) =>
      `"${d.label}" cannot be registered: scope "${d.scope}" is closed.`,
  },
  BP_EVENT_TYPE: {
    title: 'An event has a type that cannot be one',
    status: 400,
    mend: 'Write segments of letters, digits, _ and - with dots between, such as user.login.',
    message: (d: { type: string; source: string }) => `"${d.type}", published by ${d.source}, is no type of event.`,
  },
  BP_EVENT_PATTERN: {
    title: 'A subscription has a pattern that cannot be read',
    mend: 'Write a type such as user.login; * stands for one segment, and # at the end for all that follows.',
    message: (d: { plugin: string; pattern: string }) =>
      `Plugin ${d.plugin} subscribes to "${d.pattern}", which is no pattern of event types.`,
  },
  BP_HEALTH_CHECK: {
    title: 'A health check cannot be registered',
    mend: 'Give each check a name of its own, and times in milliseconds.',
    message: (d: { plugin: string; check: string; problem: string }) =>
      `Health check "${d.check}" of plugin ${d.plugin} cannot be registered: ${d.problem}.`,
  },
  BP_SERVICE_QUERY: {
    title: 'A query for services cannot be answered as it is',
    status: 400,
    mend: 'Query by name, plugin and a semver range as version.',
    message: (d: { problem: string }) => `Services cannot be looked for: ${d.problem}.`,
  },
  BP_STEP_TIMEOUT: {
    title: 'A step of a plugin took too long',
    status: 504,
    mend: 'Raise the limit of that step in the manifest, or find out what it waits for.',
    message: (d: { plugin: string; version: string; step: string; limitMs: number }) =>
      `Plugin "${d.plugin}" ${d.version} did not finish ${d.step} within ${d.limitMs} ms.`,
  },
  BP_STEP_FAILED: {
    title: 'A step of a plugin failed',
    mend: 'The cause tells where.',
    message: (d: { plugin: string; version: string; step: string; reason: string }) =>
      `Plugin "${d.plugin}" ${d.version} failed in ${d.step}: ${d.reason}`.replace(/([^.!?])$/, '$1.'),
  },
  BP_PLUGIN_FAILED: {
    title: 'A running plugin said that it cannot go on',
    status: 503,
    mend: 'The cause tells why; it is started again by itself.',
    message: (d: { plugin: string; version: string; reason: string }) =>
      `Plugin "${d.plugin}" ${d.version} failed while it ran: ${d.reason}`.replace(/([^.!?])$/, '$1.'),
  },
  BP_PLUGIN_UNHEALTHY: {
    title: 'A plugin says of itself that it is unhealthy',
    status: 503,
    mend: 'Its health report tells why.',
    message: (d: { plugin: string; version: string; message: string; report: HealthReport }) =>
      `Plugin "${d.plugin}" ${d.version} is unhealthy${d.message === '' ? '' : `: ${d.message}`}.`,
  },
  BP_PLUGIN_UNKNOWN: {
    title: 'There is no plugin of that name',
    status: 404,
    mend: 'GET /plugins/status lists them.',
    message: (d: { plugin: string }) => `There is no plugin "${d.plugin}".`,
  },
  BP_CHANGE_BREAKS_DEPENDENTS: {
    title: 'A change would leave running plugins without what they depend on',
    status: 409,
    mend: 'Change them together, or remove them first.',
    message: (d: { plugins: readonly string[]; reasons: readonly string[] }) =>
      `The change would stop ${list(d.plugins)}. ${d.reasons.join(' ')}`,
  },
  BP_CHANGE_RETURNED: {
    title: 'A change was taken back because part of it failed',
    status: 409,
    mend: 'The cause is the first failure.',
    message: (d: { plugins: readonly string[] }) => `Nothing was changed, because ${list(d.plugins)} failed.`,
  },
  BP_HANDOVER_FAILED: {
    title: 'A plugin could not hand over its state to its next version',
    mend: 'The cause tells where. Ask for the change again, and the plugin is replaced without its state.',
    message: (d: { plugin: string; version: string; reason: string }) =>
      `Plugin "${d.plugin}" ${d.version} serves on, because it could not hand over its state: ${d.reason}`.replace(
        /([^.!?])$/,
        '$1.',
      ),
  },
  BP_HANDOVER_NOT_CLONEABLE: {
    title: 'A plugin hands over state that could not cross to another process',
    mend: 'Return plain data from handOver(): objects, arrays, strings, numbers, dates, maps, sets and bytes. Asked for again, the change is made without the state.',
    message: (d: { plugin: string; version: string; path: string; reason: string }) =>
      `Plugin "${d.plugin}" ${d.version}: the state that handOver() returned cannot be passed on${d.path === '' ? '' : ` at ${d.path}`}, because ${d.reason}.`,
  },
  BP_RECONFIGURE_ANSWER: {
    title: 'A plugin answered to new configuration with something that is no answer',
    mend: "Return nothing from reconfigure() to accept, return 'replace' for a new instance, or throw to refuse.",
    message: (d: { plugin: string; answer: string }) =>
      `reconfigure() of plugin "${d.plugin}" returned ${d.answer}, which neither accepts nor asks for a new instance.`,
  },
  BP_RECONFIGURE_NOT_BACK: {
    title: 'A plugin could not go back to the configuration before',
    mend: 'It is replaced by a new instance with the values before; nothing needs to be done.',
    message: (d: { plugin: string; version: string }) =>
      `Plugin "${d.plugin}" ${d.version} had taken its new configuration in place and cannot take that back.`,
  },
  BP_POINT_INVALID: {
    title: 'An extension point cannot be declared like this',
    mend: 'Make it with extensionPoint(name, type, options), as its documentation says.',
    message: (d: { plugin: string; point: string; problem: string }) =>
      `Plugin "${d.plugin}" declares the extension point "${d.point}", but ${d.problem}.`,
  },
  BP_POINT_TAKEN: {
    title: 'Two plugins declare an extension point of one name',
    mend: 'Begin its name with that of the plugin, such as "orders.price".',
    message: (d: { plugin: string; point: string; owner: string }) =>
      `Plugin "${d.plugin}" declares the extension point "${d.point}", which belongs to ${d.owner === 'the host' ? d.owner : `"${d.owner}"`}.`,
  },
  BP_POINT_SYNC: {
    title: 'A plugin in a process of its own cannot take part at a synchronous extension point',
    mend: 'Run the plugin inline, or have the owner of the point declare it without "sync".',
    message: (d: { plugin: string; point: string }) =>
      `Plugin "${d.plugin}" does not run inline, so it cannot take part at the synchronous extension point "${d.point}".`,
  },
  BP_HANDLER_INVALID: {
    title: 'A handler of an extension point cannot be registered like this',
    mend: 'Correct what the message names.',
    message: (d: { plugin: string; point: string; problem: string }) =>
      `Plugin "${d.plugin}" registers a handler of "${d.point}", but ${d.problem}.`,
  },
  BP_HANDLER_FAILED: {
    title: 'A handler of an extension point failed, and the point wants that to stop the dispatch',
    status: 502,
    mend: 'The cause tells where. A point that is declared with failure: "skip" goes on without it.',
    message: (d: { point: string; plugin: string; handler: string; reason: string }) =>
      `Handler "${d.handler}" of plugin "${d.plugin}" failed at extension point "${d.point}": ${d.reason}`.replace(
        /([^.!?])$/,
        '$1.',
      ),
  },
  BP_HANDLER_TIMEOUT: {
    title: 'A handler of an extension point took longer than it may',
    status: 504,
    mend: 'Have it do less before it answers, or raise "timeoutMs" of the handler or the point.',
    message: (d: { point: string; plugin: string; handler: string; timeoutMs: number }) =>
      `Handler "${d.handler}" of plugin "${d.plugin}" has not ended after ${d.timeoutMs} ms at extension point "${d.point}".`,
  },
  BP_GENERATION_NOT_BUILT: {
    title: 'A generation could not be put together',
    mend: 'The cause tells which plugin brings it about; otherwise report it, for it is a fault of the host.',
    message: (d: { part: string; reason: string }) =>
      `Nothing was changed, because building "${d.part}" failed: ${d.reason}`.replace(/([^.!?])$/, '$1.'),
  },
  BP_HOST_STOPPED: {
    title: 'The host is stopping',
    status: 503,
    mend: 'Try again when it runs again.',
    message: (_: Record<never, never>) => 'The host is stopping and takes no more changes.',
  },
});
