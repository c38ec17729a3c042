import { defineErrors as defineCatalogue } from '@backplane/base';

export const apiErrors = defineCatalogue('plugin-api', {
  BP_KIND_CALLBACK: {
    title: 'A callback of a plugin kind is not what it should be',
    mend: 'See "Kinds" in docs/plugin-guide.md.',
    message: (d: { plugin: string; problem: string }) => `Of plugin ${d.plugin}, ${d.problem}.`,
  },
  BP_EVENT_HANDLER_MISSING: {
    title: 'A subscription names a method that is not there',
    mend: 'Write the method, or correct its name in getEventSubscriptions().',
    message: (d: { plugin: string; pattern: string; method: string }) =>
      `Plugin ${d.plugin} maps "${d.pattern}" to "${d.method}", and has no such method.`,
  },
});
