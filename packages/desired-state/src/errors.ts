import { defineErrors } from '@backplane/base';

/** One plugin that a change cannot bring to where it should be. */
export interface RefusedPlugin {
  readonly plugin: string;
  readonly code: string;
  readonly message: string;
  /** What is wrong with its configuration, where that is it. */
  readonly issues?: readonly unknown[];
}

/** Every code of this package. */
export const errors = defineErrors('desired-state', {
  BP_CHANGE_REFUSED: {
    title: 'A change was refused because what it asks for could not run.',
    status: 422,
    mend: 'Mend what is named and ask again; nothing was changed.',
    message: (d: { plugins: readonly RefusedPlugin[] }) =>
      `The change was refused. ${d.plugins.map(({ message }) => message).join(' ')}`,
  },
  BP_CONFIG_PINNED: {
    title: 'A key is decided by an environment variable.',
    status: 409,
    mend: 'Change the variable and start the host again, or take the variable away.',
    message: (d: { plugin: string; key: string; variable: string }) =>
      `"${d.key}" of plugin "${d.plugin}" is set by the environment variable ${d.variable}.`,
  },
  BP_REVISION_UNKNOWN: {
    title: 'There is no such revision.',
    status: 404,
    mend: 'GET /api/v1/admin/revisions lists those there are.',
    message: (d: { revision: number }) => `There is no revision ${d.revision}.`,
  },
  BP_STATE_NOT_READY: {
    title: 'What is to run cannot be changed now, because the host starts or stops.',
    status: 503,
    mend: 'Ask again in a moment.',
    message: () => 'The host is not ready.',
  },
  BP_STATE_OUTDATED: {
    title: 'What is to run was changed by somebody else in between.',
    status: 412,
    mend: 'Read it again, look at what the other change was, and make yours on top of it.',
    message: (d: { expected: number; current: number }) =>
      `The change was made for revision ${d.expected}; revision ${d.current} is there now.`,
  },
});
