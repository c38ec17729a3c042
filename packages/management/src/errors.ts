import { defineErrors } from '@backplane/base';
import type { ProblemIssue } from '@backplane/wire';

/** What went wrong in the plugin, as `last_change` in its status tells it. */
export interface ReloadFailure {
  readonly code: string;
  readonly message: string;
  /** With file and line. */
  readonly stack: string | null;
}

export const errors = defineErrors('management', {
  BP_MANAGEMENT_UNAUTHORIZED: {
    title: 'Management asks for the token',
    status: 401,
    mend: 'Send "Authorization: Bearer TOKEN" with the token of this host (data/admin.token, or BACKPLANE_ADMIN_TOKEN).',
    message: (d: { path: string; given: boolean }) =>
      d.given ? `The token given for ${d.path} is not the host's.` : `${d.path} is management and no token was given.`,
  },
  BP_MANAGEMENT_FORBIDDEN_HOST: {
    title: 'The Host header names another host',
    status: 403,
    mend: 'Use the address the host is bound to, or add the name to its allowed hosts.',
    message: (d: { host: string }) => `Management is not served under the name "${d.host}".`,
  },
  BP_MANAGEMENT_FORBIDDEN_ORIGIN: {
    title: 'A web page of another origin asked for management',
    status: 403,
    mend: 'Call management from a program, or from a page of the host itself.',
    message: (d: { origin: string }) => `Management is not served to pages of ${d.origin}.`,
  },
  BP_MANAGEMENT_NOT_FOUND: {
    title: 'Management has no such page',
    status: 404,
    mend: 'See docs/management.md for what there is.',
    message: (d: { method: string; path: string }) => `There is no ${d.method} ${d.path}.`,
  },
  BP_MANAGEMENT_METHOD: {
    title: 'That method is not offered here',
    status: 405,
    mend: 'The "allow" header lists the methods that are.',
    message: (d: { method: string; path: string; allow: readonly string[] }) =>
      `${d.path} does not take ${d.method}, but ${d.allow.join(', ')}.`,
  },
  BP_MANAGEMENT_BAD_PATH: {
    title: 'The path cannot be read',
    status: 400,
    mend: 'Percent-encode it as UTF-8; no part of it may be longer than a plugin name.',
    message: (d: { path: string }) => `${d.path} is no path of management.`,
  },
  BP_MANAGEMENT_BAD_REQUEST: {
    title: 'The request cannot be read',
    status: 400,
    mend: 'Correct the request.',
    message: (d: { path: string; problem: string }) => `The request to ${d.path} cannot be read: ${d.problem}.`,
  },
  BP_MANAGEMENT_FAILED: {
    title: 'Management failed by a mistake of its own',
    status: 500,
    mend: 'Please report it with the log line of this moment.',
    message: (d: { path: string }) => `${d.path} could not be answered.`,
  },
  BP_RELOAD_FAILED: {
    title: 'A reload failed',
    status: 409,
    mend: 'Mend the plugin and reload it again.',
    message: (d: { plugin: string; serving: string | undefined; reason: string; failure: ReloadFailure }) =>
      `Plugin "${d.plugin}" was not reloaded; ${d.serving === undefined ? 'nothing serves in its place' : `version ${d.serving} serves on`}. ${d.reason}`,
  },
  BP_API_INVALID: {
    title: 'The request is not what this operation asks for',
    status: 400,
    mend: 'Correct what "errors" lists; /api/v1/docs says what is asked for.',
    message: (d: { path: string; issues: readonly ProblemIssue[] }) => {
      const [first] = d.issues;
      const more = d.issues.length > 1 ? ` (and ${d.issues.length - 1} more)` : '';
      return `The request to ${d.path} is refused: ${first?.message ?? 'it is invalid.'}${more}`;
    },
  },
  BP_API_MEDIA_TYPE: {
    title: 'The body is not JSON',
    status: 415,
    mend: 'Send JSON, with the content type application/json.',
    message: (d: { path: string }) => `${d.path} takes JSON alone.`,
  },
  BP_API_BODY_TOO_LARGE: {
    title: 'The body is too large',
    status: 413,
    mend: 'Send less at once.',
    message: (d: { path: string; most: number }) => `${d.path} takes bodies of at most ${d.most} bytes.`,
  },
  BP_API_PLUGIN_UNKNOWN: {
    title: 'There is no such plugin',
    status: 404,
    mend: 'GET /api/v1/plugins/ lists those there are, with numbers and names.',
    message: (d: { plugin: string }) => `There is no plugin "${d.plugin}".`,
  },
  BP_API_PLUGIN_EXISTS: {
    title: 'There is a plugin of that name',
    status: 409,
    mend: 'Choose another name, or change the one there is.',
    message: (d: { plugin: string; origin: string }) => `Plugin "${d.plugin}" is there already (${d.origin}).`,
  },
  BP_API_PLUGIN_IN_FOLDER: {
    title: 'A plugin that lies in a plugin folder cannot be deleted here',
    status: 409,
    mend: 'Take its files away, or disable it.',
    message: (d: { plugin: string; origin: string }) =>
      `Plugin "${d.plugin}" was neither registered nor installed: it lies in a plugin folder (${d.origin}).`,
  },
  BP_API_NAME_INVALID: {
    title: 'The name cannot be that of a plugin',
    status: 422,
    mend: 'Use lower-case letters, digits and hyphens, a letter first, and none of the reserved words.',
    message: (d: { name: string }) => `"${d.name}" cannot be the name of a plugin.`,
  },
  BP_API_TYPE_UNKNOWN: {
    title: 'There is no such type of plugin',
    status: 422,
    mend: 'Choose one of those listed.',
    message: (d: { type: string; known: readonly string[] }) =>
      `"${d.type}" is no type of plugin; there are ${d.known.join(', ')}.`,
  },
  BP_API_STALE: {
    title: 'What was to be changed is no longer what it was',
    status: 412,
    mend: 'Read it again, and make the change for the entity tag it has now.',
    message: (d: { what: string; current: string }) =>
      `Somebody has changed ${d.what} in between; it has the tag ${d.current}.`,
  },
  BP_API_CONFIG_KEY: {
    title: 'The key cannot be set',
    status: 422,
    mend: 'Write it as a path of names, such as pkd.urls. Whether a plugin runs is said with enable and disable.',
    message: (d: { key: string }) => `"${d.key}" is no key of configuration.`,
  },
  BP_API_CONFIG_EXISTS: {
    title: 'The key is set already',
    status: 409,
    mend: 'Change it with PUT.',
    message: (d: { plugin: string; key: string }) => `"${d.key}" of plugin "${d.plugin}" is set already.`,
  },
  BP_API_CONFIG_UNKNOWN: {
    title: 'No such key is set',
    status: 404,
    mend: 'GET /api/v1/plugins/ID/config lists the keys that are.',
    message: (d: { plugin: string; config: string }) => `Nothing is set as "${d.config}" for plugin "${d.plugin}".`,
  },
  BP_API_HOOK_EXISTS: {
    title: 'The method answers that hook already',
    status: 409,
    mend: 'Delete the hook first, to register it otherwise.',
    message: (d: { plugin: string; hook: string; method: string }) =>
      `"${d.method}" of plugin "${d.plugin}" answers "${d.hook}" already.`,
  },
  BP_API_HOOK_UNKNOWN: {
    title: 'There is no such hook',
    status: 404,
    mend: 'GET /api/v1/plugins/ID/hooks lists those there are.',
    message: (d: { plugin: string; hook: string }) => `Plugin "${d.plugin}" has no hook ${d.hook}.`,
  },
  BP_API_EXECUTE_FAILED: {
    title: 'A method that was called failed',
    status: 422,
    mend: "The message is the method's own.",
    message: (d: { plugin: string; method: string; code: string | undefined; reason: string }) =>
      `"${d.method}" of plugin "${d.plugin}" failed: ${d.reason}`,
  },
  BP_API_RELOAD_FAILED: {
    title: 'A plugin was read anew and does not run as it is now',
    status: 409,
    mend: 'Mend the plugin and reload it again.',
    message: (d: { plugin: string; outcome: string; reason: string }) =>
      `Plugin "${d.plugin}" was not reloaded; ${d.outcome === 'returned' ? 'the version before serves on' : 'nothing serves in its place'}. ${d.reason}`,
  },
  BP_API_BULK_INVALID: {
    title: 'The operation cannot be done on many plugins like that',
    status: 422,
    mend: 'Ask without "atomic".',
    message: (d: { reason: string }) => `The bulk operation is refused: ${d.reason}.`,
  },
  BP_API_CURSOR_INVALID: {
    title: 'The cursor is none that was given',
    status: 400,
    mend: 'Give "next_cursor" of the page before as it is, or none.',
    message: () => 'The cursor cannot be read.',
  },
  BP_API_MOMENT_INVALID: {
    title: 'A moment is not written as one',
    status: 400,
    mend: 'Write it as ISO 8601: 2026-01-31T12:00:00Z.',
    message: (d: { moment: string }) => `"${d.moment}" is no moment.`,
  },
  BP_API_REVISION_INVALID: {
    title: 'A revision is a whole number',
    status: 400,
    mend: 'GET /api/v1/admin/revisions lists those there are.',
    message: (d: { revision: string }) => `"${d.revision}" is no revision.`,
  },
  BP_API_OPERATION_UNKNOWN: {
    title: 'There is no such operation',
    status: 404,
    mend: 'GET /api/v1/admin/operations lists the last ones.',
    message: (d: { operation: string }) => `There is no operation "${d.operation}".`,
  },
  BP_API_KEY_INVALID: {
    title: 'The idempotency key cannot be used',
    status: 400,
    mend: 'Give 1 to 200 visible ASCII characters, such as a UUID.',
    message: () => 'The header Idempotency-Key cannot be used.',
  },
  BP_API_KEY_IN_USE: {
    title: 'A request with this idempotency key is under way',
    status: 409,
    mend: 'Wait a moment and ask again: its answer is kept.',
    message: (d: { key: string }) => `The request with the key "${d.key}" has not ended yet.`,
  },
  BP_API_KEY_OTHER_REQUEST: {
    title: 'The idempotency key belongs to another request',
    status: 422,
    mend: 'Give each request a key of its own.',
    message: (d: { key: string }) => `The key "${d.key}" was given with another request.`,
  },
});
