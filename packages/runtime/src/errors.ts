import { defineErrors } from '@backplane/base';

export const errors = defineErrors('runtime', {
  BP_PLUGIN_METADATA: {
    title: 'What a plugin says of itself is not right',
    status: 409,
    mend: '',
    advice: 'Every problem is listed with its place: correct the manifest or the definition there, then reload.',
    message: (d: { plugin: string; problems: readonly string[] }) => d.problems.join('\n'),
  },
  BP_PLUGIN_LOAD_FAILED: {
    title: 'A plugin could not be loaded, for a reason that the host did not foresee',
    status: 409,
    mend: 'The cause has the stack. Look for code of the plugin that runs while its definition is read.',
    message: (d: { plugin: string; reason: string }) => `Plugin "${d.plugin}" could not be loaded: ${d.reason}`,
  },
  BP_PLUGIN_NAME_TAKEN: {
    title: 'Two plugins claim one name',
    status: 409,
    mend: 'Rename one of them, or take it out of the plugin folders.',
    message: (d: { name: string; origins: readonly string[] }) =>
      `The name "${d.name}" is claimed by ${d.origins.join(' and ')}; none of them is loaded.`,
  },
  BP_PLUGIN_REGISTERED: {
    title: 'A plugin of that name has been handed in before',
    status: 409,
    mend: 'Take the one before back first, with unloadPlugin().',
    message: (d: { name: string; origin: string }) =>
      `Plugin "${d.name}" is there already (${d.origin}) and stays as it is.`,
  },
  BP_PLUGIN_GONE: {
    title: 'A plugin is no longer where it was',
    status: 404,
    mend: 'Put it back, or restart the host without it.',
    message: (d: { plugin: string; origin: string }) => `Plugin "${d.plugin}" is no longer found at ${d.origin}.`,
  },
  BP_INSTALLED_GONE: {
    title: 'The code of an installed plugin is not on this host',
    status: 404,
    mend: 'Install it on this host, too, or put its folder back; or remove the plugin.',
    message: (d: { plugin: string; folder: string }) => `The code of plugin "${d.plugin}" is not in ${d.folder}.`,
  },
  BP_PLUGIN_RENAMED: {
    title: 'The code of a plugin gives another name than the one that was asked for',
    status: 409,
    mend: 'Call file and plugin the same, or restart the host.',
    message: (d: { asked: string; found: string; origin: string }) =>
      `${d.origin} was loaded as "${d.asked}", but its code says "${d.found}".`,
  },
  BP_PLUGIN_DISABLED: {
    title: 'A plugin is disabled',
    status: 409,
    mend: 'Set "enabled: true" in its configuration file.',
    message: (d: { plugin: string; reason: string }) => `Plugin "${d.plugin}" is disabled. ${d.reason}`,
  },
  BP_PLUGIN_VERSION_REFUSED: {
    title: 'The configuration asks for another version of a plugin',
    status: 409,
    mend: 'Install a version that meets the range, or change "version" in the configuration file.',
    message: (d: { plugin: string; found: string; range: string }) =>
      `Plugin "${d.plugin}" is version ${d.found}, but its configuration asks for ${d.range}.`,
  },
  BP_ISOLATION_UNAVAILABLE: {
    title: 'A plugin asks for a level of isolation that this host does not offer',
    status: 409,
    mend: 'Use "inline" or "process".',
    message: (d: { plugin: string; level: string }) => `Plugin "${d.plugin}" asks for isolation "${d.level}".`,
  },
  BP_SECURITY_POLICY_INVALID: {
    title: 'What is asked of all plugins for security is not understood',
    status: 422,
    mend: 'Correct it there; until then no plugin of the folders runs.',
    message: (d: { plugin: string; problems: readonly string[] }) =>
      `Plugin "${d.plugin}" is not run, because the security policy is not understood: ${d.problems.join('; ')}`,
  },
  BP_SIGNATURE_REQUIRED: {
    title: 'Only signed plugins may run, and this one is not known to be signed',
    status: 403,
    mend: 'This version of the host cannot verify signatures: run only what you trust, and set "require_signature: false".',
    message: (d: { plugin: string; place: string }) =>
      `Plugin "${d.plugin}" has no signature that was verified, and ${d.place} asks for one. None of its code was run.`,
  },
  BP_LIMITS_UNAVAILABLE: {
    title: 'Resource limits are asked for that this host cannot hold a plugin to',
    status: 409,
    mend: 'Take "resource_limits" out, and limit the whole host in place of the plugin; or set "trusted: true" for this plugin where sandboxing is enabled.',
    message: (d: { plugin: string; limits: string; place: string }) =>
      `Plugin "${d.plugin}" is to run within ${d.limits} (${d.place}), which this version of the host cannot enforce. None of its code was run.`,
  },
  BP_PLUGIN_UNDESCRIBED: {
    title: 'The code of a plugin could not be read in a process of its own',
    status: 409,
    mend: 'Its last lines of output tell why.',
    message: (d: { plugin: string; reason: string }) =>
      `Plugin "${d.plugin}" could not be read in a process of its own: ${d.reason}`.replace(/([^.!?])$/, '$1.'),
  },
  BP_CALL_NOT_FROM_HOST: {
    title: 'A request reached the process of an isolated plugin by another way than the host',
    status: 403,
    mend: 'Ask the host.',
    message: (d: { plugin: string }) => `The process of plugin "${d.plugin}" answers to its host alone.`,
  },
  BP_ENVIRONMENT_MISTAKABLE: {
    title: 'The name of the environment is nearly one of those that have a meaning',
    status: 400,
    mend: '',
    advice:
      'Write the name in full, or choose one that nobody can take for it: a host that is meant for production must be told so.',
    message: (d: { environment: string; nearest: string }) =>
      `The environment is "${d.environment}". Did you mean "${d.nearest}"? Nothing that is configured for it would hold, so the host does not start.`,
  },
  BP_OPENAPI_OPEN: {
    title: 'A host in production would let anybody read its OpenAPI document',
    status: 400,
    mend: 'Leave the option openapi out, and read the document with the management token.',
    message: (_: Record<never, never>) => 'The option openapi is "open", which is for development.',
  },
  BP_DATA_DIR_UNUSABLE: {
    title: 'The data folder cannot be used',
    status: 400,
    mend: 'Give a folder that this user may write to with --data or BACKPLANE_DATA_DIR.',
    message: (d: { folder: string; reason: string }) => `The data folder ${d.folder} cannot be used: ${d.reason}.`,
  },
  BP_SERVICE_PROVIDED: {
    title: 'A service is provided by a plugin already',
    status: 409,
    mend: 'Give yours another id, or stop the plugin.',
    message: (d: { service: string; plugin: string }) => `Service ${d.service} is provided by plugin ${d.plugin}.`,
  },
  BP_SERVICE_NEEDED: {
    title: 'A service cannot be taken back, for plugins need it',
    status: 409,
    mend: 'Stop them first, or register another implementation in its place.',
    message: (d: { service: string; plugins: readonly string[] }) =>
      `Service ${d.service} is needed by ${d.plugins.join(', ')}.`,
  },
  BP_PLUGIN_NOT_STARTED: {
    title: 'A plugin that was to run does not',
    status: 409,
    mend: '',
    advice: 'The message has the reason, with the code of the error it comes from.',
    message: (d: { plugin: string; code: string; reason: string }) => `Plugin "${d.plugin}" does not run: ${d.reason}`,
  },
  BP_MANAGEMENT_OPEN: {
    title: 'Management would be open in production',
    status: 400,
    mend: 'Leave openManagement (enableAuth: false) out, and use the token.',
    message: () => 'In production, management is not opened.',
  },
  BP_SERVICE_CONFIG_INVALID: {
    title: 'The configuration of a plugin-enabled service cannot be read',
    status: 400,
    mend: 'See docs/embedding.md for what stands in it.',
    message: (d: { file: string; problem: string }) => `${d.file}: ${d.problem}.`,
  },
  BP_SERVICE_NOT_CREATED: {
    title: 'There is no plugin manager before there is a service',
    mend: 'Call createServiceWithPlugins first.',
    message: () => 'No service has been created yet.',
  },
  BP_DATABASE_URL_INVALID: {
    title: 'The address of the database is none of PostgreSQL',
    status: 400,
    mend: 'Give postgres://USER:PASSWORD@HOST:PORT/DATABASE, or nothing for the embedded database.',
    message: () => 'The option databaseUrl (BACKPLANE_DATABASE_URL) does not begin with postgres://.',
  },
  BP_MASTER_KEY_GIVEN: {
    title: "The master key is not the host's to change",
    status: 409,
    mend: 'Put a fresh key before the old one in BACKPLANE_MASTER_KEY, one a line, and start the host again: it seals everything anew. Then take the old one away.',
    message: () => 'The master key was given to the host (BACKPLANE_MASTER_KEY).',
  },
  BP_SERVICE_AMBIGUOUS: {
    title: 'Several services of the plugin could be meant',
    status: 422,
    mend: 'Name the service.',
    message: (d: { plugin: string; method: string; services: readonly string[] }) =>
      `"${d.method}" of plugin "${d.plugin}" could be that of ${d.services.join(' or ')}.`,
  },
  BP_HOOK_CONDITIONS: {
    title: 'The conditions of a hook cannot be read',
    status: 400,
    mend: 'Conditions are paths into the payload with values, lists of values or operators ($eq, $ne, $in, $nin, $gt, $gte, $lt, $lte, $exists), and $and, $or, $not.',
    message: (d: { hook: string; problem: string }) =>
      `The conditions of hook "${d.hook}" cannot be read: ${d.problem}.`,
  },
  BP_HOOK_TYPE: {
    title: 'A hook is of another type than its extension point',
    status: 409,
    mend: 'Register it with the type of the point, or for another.',
    message: (d: { hook: string; type: string; wanted: string }) =>
      `"${d.hook}" is an extension point of type ${d.wanted}, so a hook of type ${d.type} would never be called.`,
  },
  BP_METHOD_UNKNOWN: {
    title: 'No service of the plugin has that method',
    status: 404,
    mend: 'Call one of those listed.',
    message: (d: { plugin: string; method: string; methods: readonly string[] }) =>
      `Plugin "${d.plugin}" has no method "${d.method}"; it has ${d.methods.length === 0 ? 'none' : d.methods.join(', ')}.`,
  },
  BP_PLUGIN_NOT_RUNNING: {
    title: 'The plugin does not run',
    status: 409,
    mend: '',
    advice: 'GET /plugins/NAME/why says why, and how to mend it.',
    message: (d: { plugin: string; phase: string; reason: string }) =>
      `Plugin "${d.plugin}" is ${d.phase}. ${d.reason}`.trim(),
  },
  BP_INSTALL_NO_PLUGIN: {
    title: 'A folder that was to be installed holds no plugin',
    status: 422,
    mend: 'Give the folder of one plugin: one with a plugin.yaml, a package.json that declares it, or an entry file such as plugin.ts.',
    message: (d: { source: string; reason: string }) => `${d.source} cannot be installed: ${d.reason}.`,
  },
  BP_MODULE_REFUSED: {
    title: 'A module that was to be a plugin cannot be taken',
    status: 422,
    mend: 'Name a module below one of the plugin folders, and an export of it.',
    message: (d: { module: string; reason: string }) => `The module "${d.module}" cannot be taken: ${d.reason}`,
  },
});
