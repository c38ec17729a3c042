import { defineErrors } from '@backplane/base';

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
});
