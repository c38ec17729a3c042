import { defineErrors } from '@backplane/base';

export const errors = defineErrors('wire', {
  BP_NAME_INVALID: {
    title: 'A plugin, alias or dependency has a name that is not allowed.',
    status: 422,
    mend: 'Names are kebab-case: a lower-case letter, then up to 62 letters, digits and hyphens.',
    message: (d: { name: string; key: string }) => `"${d.name}" (${d.key}) is not a valid name.`,
  },
  BP_NAME_RESERVED: {
    title: 'A plugin or alias bears a name that the host keeps for itself.',
    status: 422,
    mend: 'Choose another name: this one is a path or a configuration key of the host.',
    message: (d: { name: string; key: string }) => `"${d.name}" (${d.key}) is a reserved name.`,
  },
  BP_MANIFEST_INVALID: {
    title: 'A key of a plugin.yaml is missing, unknown or has a wrong value.',
    status: 422,
    mend: 'See the schema of plugin.yaml.',
    message: (d: { issue: string }) => d.issue,
  },
  BP_METADATA_INVALID: {
    title: 'The code of a plugin states something about it that cannot be.',
    status: 422,
    mend: 'Correct it where the plugin is defined.',
    message: (d: { plugin: string; issue: string }) => `Plugin "${d.plugin}": ${d.issue}`,
  },
  BP_RANGE_INVALID: {
    title: 'What should be a semver range is none.',
    status: 422,
    mend: 'Write one such as "^1.2.0", ">=1.0.0 <3.0.0" or "*".',
    message: (d: { key: string; range: string }) => `"${d.range}" (${d.key}) is not a semver range.`,
  },
  BP_MANIFEST_MISMATCH: {
    title: 'The manifest and the code of a plugin say different things.',
    status: 422,
    mend: 'Say it in one of the two places, or the same in both.',
    message: (d: { key: string; manifest: string; code: string; where: string }) =>
      `"${d.key}" is ${d.manifest} in the manifest (${d.where}), but ${d.code} in the code.`,
  },
  BP_SCHEMA_INVALID: {
    title: 'A schema cannot be used.',
    status: 422,
    mend: 'Correct the schema; look-around and back-references in patterns are refused.',
    message: (d: { reason: string }) => `The schema cannot be used: ${d.reason}.`,
  },
  BP_FILE_UNREADABLE: {
    title: 'A file cannot be read.',
    status: 422,
    mend: 'Check that it is a plain file which the host may read.',
    message: (d: { file: string; reason: string }) => `${d.file} cannot be read: ${d.reason}.`,
  },
  BP_FILE_TOO_LARGE: {
    title: 'A file is larger than its kind may be.',
    status: 422,
    mend: 'Make it smaller.',
    message: (d: { file: string; bytes: number; limit: number }) =>
      `${d.file} has ${d.bytes} bytes, more than the ${d.limit} allowed.`,
  },
  BP_YAML_SYNTAX: {
    title: 'A YAML file is broken.',
    status: 422,
    mend: 'Correct the YAML at this place.',
    message: (d: { reason: string }) => `This is not valid YAML: ${d.reason}.`,
  },
  BP_YAML_REFUSED: {
    title: 'A YAML file holds what is not accepted, although it is YAML.',
    status: 422,
    mend: 'Write it in another way.',
    message: (d: { reason: string }) => `This YAML is refused: ${d.reason}.`,
  },
});
