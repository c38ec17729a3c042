import { defineErrors } from '@backplane/base';

export const errors = defineErrors('watch', {
  BP_WATCH_LIMIT: {
    title: 'The system lets nobody watch more files',
    mend: 'Raise the limit: sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024. Until then, reload by hand.',
    message: (d: { path: string }) => `${d.path} cannot be watched: the system's limit is reached.`,
  },
  BP_WATCH_FAILED: {
    title: 'A folder cannot be watched',
    mend: 'Changes in it are not noticed: reload by hand.',
    message: (d: { path: string; reason: string }) => `${d.path} cannot be watched: ${d.reason}.`,
  },
});
