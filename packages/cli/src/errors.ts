import { defineErrors } from '@backplane/base';

export const errors = defineErrors('cli', {
  BP_HOST_UNREACHABLE: {
    title: 'No host answers at the address',
    status: 503,
    mend: 'Start it with "backplane start", or say where it is with --url or BACKPLANE_PORT.',
    message: (d: { url: string; reason: string }) => `No host answers at ${d.url}: ${d.reason}.`,
  },
  BP_OPTION_INVALID: {
    title: 'An option or environment variable has a value that cannot be used',
    status: 400,
    mend: 'See "backplane start --help".',
    message: (d: { option: string; value: string; expected: string }) =>
      `${d.option} is "${d.value}", which is not ${d.expected}.`,
  },
  BP_CONFIG_PLUGIN_UNKNOWN: {
    title: 'No plugin of that name is found',
    status: 404,
    mend: 'Say where plugins are with --plugins, and where configuration is with --config.',
    message: (d: { plugin: string; known: readonly string[] }) =>
      `There is no plugin "${d.plugin}"; found ${d.known.length === 0 ? 'none at all' : d.known.join(', ')}.`,
  },
  BP_INSPECTOR_NOT_OPENED: {
    title: 'Debuggers cannot be let in',
    mend: 'Choose another port with --inspect PORT, or end the process that has this one.',
    message: (d: { port: number }) => `Port ${d.port} of 127.0.0.1 could not be opened for debuggers.`,
  },
});
