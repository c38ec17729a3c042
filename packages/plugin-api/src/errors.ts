import { defineErrors as defineCatalogue } from '@backplane/base';

export const apiErrors = defineCatalogue('plugin-api', {
  BP_KIND_CALLBACK: {
    title: 'A callback of a plugin kind is not what it should be',
    mend: 'See "Kinds" in docs/plugin-guide.md.',
    message: (d: { plugin: string; problem: string }) => `Of plugin ${d.plugin}, ${d.problem}.`,
  },
  BP_LIFECYCLE_INVALID: {
    title: 'What initialize() gives is no lifecycle',
    mend: 'Give an object with start, stop, health or handOver as functions, or nothing.',
    message: (d: { plugin: string; problem: string }) => `initialize() of plugin "${d.plugin}" gave ${d.problem}.`,
  },
  BP_EVENT_HANDLER_MISSING: {
    title: 'A subscription names a method that is not there',
    mend: 'Write the method, or correct its name in getEventSubscriptions().',
    message: (d: { plugin: string; pattern: string; method: string }) =>
      `Plugin ${d.plugin} maps "${d.pattern}" to "${d.method}", and has no such method.`,
  },
  BP_AUTH_REQUIRED: {
    title: 'A method is for callers who have proved who they are',
    status: 401,
    mend: 'Call with credentials.',
    message: ({ method, outside }: { method: string; outside: boolean }) =>
      outside
        ? `${method}() was called outside of any call, where nobody has proved who they are.`
        : `${method}() is for those who have proved who they are, and this caller has not.`,
  },
  BP_AUTH_FORBIDDEN: {
    title: 'The caller may not call a method',
    status: 403,
    mend: 'Ask whoever grants roles and permissions.',
    message: (d: { method: string; principal: string; roles: readonly string[]; permissions: readonly string[] }) => {
      const missing = [
        ...(d.roles.length > 0 ? [`one of the roles ${d.roles.join(', ')}`] : []),
        ...(d.permissions.length > 0 ? [`the permissions ${d.permissions.join(', ')}`] : []),
      ];
      return `${d.principal} may not call ${d.method}(): ${missing.length > 0 ? `it takes ${missing.join(' and ')}` : 'it is not for the system'}.`;
    },
  },
  BP_METRICS_NOWHERE: {
    title: 'A counted method belongs to no plugin',
    mend: 'Give its object to context.provide(), keep the context in it as `context`, or pass `metrics: context.metrics` to trackMetrics.',
    message: (d: { method: string; metric: string }) =>
      `${d.method}() is counted as "${d.metric}", but the object it was called on belongs to no plugin.`,
  },
  BP_SERVICE_CLASS_UNNAMED: {
    title: 'A class in `provides` does not say which service it is',
    mend: 'Put @pluginService({ name }) before the class, or pass it through pluginService({ name }).',
    message: (d: { plugin: string; name: string }) =>
      `Plugin ${d.plugin} provides the class ${d.name}, which names no service.`,
  },
  BP_DECORATOR_OPTIONS: {
    title: 'A decorator was given what it cannot use',
    mend: 'See "Decorators" in docs/plugin-guide.md.',
    message: (d: { decorator: string; problem: string }) => `@${d.decorator}: ${d.problem}.`,
  },
  BP_DECORATOR_PLACE: {
    title: 'A decorator stands where it cannot',
    mend: 'Move it, or use its function form.',
    message: (d: { decorator: string; place: string; on: string; kinds: readonly string[] }) =>
      `@${d.decorator} stands on the ${d.place} "${d.on}", and is for a public ${d.kinds.join(' or ')}.`,
  },
  BP_DECORATOR_LEGACY: {
    title: 'A decorator was called in the old form of TypeScript',
    mend: 'Remove "experimentalDecorators" from the nearest tsconfig.json, or set it to false: the host compiles standard decorators itself.',
    message: (d: { decorator: string; on: string | undefined }) =>
      `@${d.decorator}${d.on === undefined ? '' : ` on "${d.on}"`} was compiled as an experimental decorator.`,
  },
});
