import { defineErrors } from '@backplane/base';

export const errors = defineErrors('cli', {
  BP_HOST_UNREACHABLE: {
    title: 'No host answers at the address',
    status: 503,
    mend: 'Start it with "backplane start", or say where it is with --url or BACKPLANE_PORT.',
    message: (d: { url: string; reason: string }) => `No host answers at ${d.url}: ${d.reason}.`,
  },
  BP_HOST_ELSEWHERE: {
    title: 'A host has the data folder, and does not answer at the address',
    status: 503,
    mend: '',
    advice: 'Say where it listens with --url or BACKPLANE_PORT.',
    message: (d: { reason: string }) =>
      `A host runs, and does not answer at the address that was asked: say where it is with --url or BACKPLANE_PORT. ${d.reason}`,
  },
  BP_HOST_REFUSED: {
    title: 'The host refused what it was asked for',
    status: 409,
    mend: '',
    advice: 'The message is the host’s own; `code` in the details says which kind it is.',
    message: (d: { status: number; code: string; reason: string }) => d.reason,
  },
  BP_FILE_INVALID: {
    title: 'A file that was to be applied cannot be read',
    status: 400,
    mend: 'Write YAML or JSON: a map "plugins" with a map for each plugin.',
    message: (d: { place: string; reason: string }) => `${d.place}: ${d.reason}`,
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
