import { defineErrors } from '@backplane/base';

export const errors = defineErrors('discovery', {
  BP_DISCOVERY_FOLDER_UNREADABLE: {
    title: 'A folder of plugins cannot be read.',
    status: 422,
    mend: 'Create it, let the host read it, or take it out of the discovery paths.',
    message: (d: { folder: string; reason: string }) => `The folder ${d.folder} cannot be read: ${d.reason}.`,
  },
  BP_DISCOVERY_OUTSIDE: {
    title: 'Something that belongs to a plugin lies outside of its folder.',
    status: 422,
    mend: 'Move it inside. A folder elsewhere can be a discovery path of its own.',
    message: (d: { what: string; folder: string }) => `${d.what} leads outside of ${d.folder}; it is not followed.`,
  },
  BP_DISCOVERY_ENTRY_MISSING: {
    title: 'The file with the code of a plugin is not there.',
    status: 422,
    mend: 'Create it, or name another with entry_point.',
    message: (d: { folder: string; tried: readonly string[] }) =>
      `No entry file in ${d.folder}: looked for ${d.tried.join(', ')}.`,
  },
  BP_DISCOVERY_ENTRY_INVALID: {
    title: 'An entry point is not written as one.',
    status: 422,
    mend: 'Write a file, an export or both: ./plugin.ts, PaymentPlugin or ./plugin.ts#PaymentPlugin.',
    message: (d: { entry: string; reason: string }) => `The entry point "${d.entry}" ${d.reason}.`,
  },
  BP_DISCOVERY_TWO_MANIFESTS: {
    title: 'A folder has both plugin.yaml and plugin.yml.',
    status: 422,
    mend: 'Keep one of them.',
    message: (d: { folder: string }) => `${d.folder} has both plugin.yaml and plugin.yml.`,
  },
  BP_DISCOVERY_PACKAGE_INVALID: {
    title: 'The field backplane.plugins of a package.json is not a map of names to entry points.',
    status: 422,
    mend: 'Write "backplane": { "plugins": { "NAME": "./dist/plugin.js#Export" } }.',
    message: (d: { file: string; reason: string }) => `${d.file}: ${d.reason}.`,
  },
  BP_DISCOVERY_NAME_TAKEN: {
    title: 'Several plugins claim one name or alias.',
    status: 409,
    mend: 'Rename all but one, or remove them. Until then none of them is taken.',
    message: (d: { name: string; claimants: readonly string[] }) =>
      `"${d.name}" is claimed by ${d.claimants.join(' and by ')}.`,
  },
});
