import { defineErrors } from '@backplane/base';

export const errors = defineErrors('config', {
  BP_CONFIG_INVALID: {
    title: 'The configuration of a plugin is not what its schema asks for.',
    status: 422,
    mend: 'Correct these keys; nothing was changed.',
    message: (d: { plugin: string; issues: readonly { message: string; place?: string }[] }) =>
      [
        `The configuration of plugin "${d.plugin}" is refused:`,
        ...d.issues.map(({ place, message }) => `  ${place === undefined ? '' : `${place} `}${message}`),
        '',
      ].join('\n'),
  },
  BP_CONFIG_SCHEMA_INVALID: {
    title: 'The configuration schema of a plugin is broken.',
    status: 422,
    mend: 'Write a JSON Schema (2020-12), a map of properties, or use a library with Standard Schema. Patterns must do without look-around and back-references.',
    message: (d: { reason: string }) => `The configuration schema cannot be used: ${d.reason}.`,
  },
  BP_CONFIG_FILE_TWICE: {
    title: 'Several files claim to configure one plugin.',
    status: 409,
    mend: 'Keep one of them.',
    message: (d: { plugin: string; files: readonly string[] }) =>
      `The configuration of plugin "${d.plugin}" is in ${d.files.join(' and in ')}.`,
  },
  BP_CONFIG_FOLDER_UNREADABLE: {
    title: 'The folder with the configuration of plugins cannot be read.',
    status: 422,
    mend: 'Let the host read it, or name another folder.',
    message: (d: { folder: string; reason: string }) => `The folder ${d.folder} cannot be read: ${d.reason}.`,
  },
  BP_CONFIG_SHAPE: {
    title: 'A configuration file is not a map of keys where it should be one.',
    status: 422,
    mend: 'Write "default:" and the environments as maps of keys.',
    message: (d: { what: string }) => `${d.what} must be a map of keys.`,
  },
  BP_CONFIG_KEY_MISSPELT: {
    title: 'A key of a file of the host is nearly one that it knows.',
    status: 422,
    mend: 'Write the key that is meant, or give yours a name that cannot be taken for it.',
    message: (d: { key: string; nearest: string }) => `"${d.key}" is not a known key. Did you mean "${d.nearest}"?`,
  },
  BP_SECRET_UNREADABLE: {
    title: 'A secret that configuration refers to cannot be read.',
    status: 422,
    mend: 'Set the variable or write the file that the reference names, readable by the host alone.',
    message: (d: { key: string; reason: string }) => `"${d.key}" is to come from elsewhere, but ${d.reason}.`,
  },
  BP_SERVICE_PORTS_DIFFER: {
    title: 'Plugins of one host name different ports for it.',
    status: 422,
    mend: 'Write one port, or say which holds with --port or BACKPLANE_PORT.',
    message: (d: { ports: readonly { port: number; place: string }[] }) =>
      `The service is to have ${d.ports.map(({ port, place }) => `port ${port} (${place})`).join(' and ')}.`,
  },
  BP_CONFIG_SETTING_INVALID: {
    title: 'A key by which the host runs a plugin has a wrong value.',
    status: 422,
    mend: 'Correct it there.',
    message: (d: { key: string; expected: string }) => `"${d.key}" must be ${d.expected}.`,
  },
});
