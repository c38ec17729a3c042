import { defineErrors } from '@backplane/base';

export const errors = defineErrors('testing', {
  BP_LEAKS_FOUND: {
    title: 'A test has left something behind',
    status: 500,
    mend: 'End it where the test ends, or say that it is meant.',
    message: (d: { where: string; leaks: readonly string[] }) =>
      `${d.where} left ${d.leaks.length === 1 ? 'something' : `${d.leaks.length} things`} behind:\n${d.leaks.map((leak) => `  ${leak}\n`).join('')}`,
  },
});
