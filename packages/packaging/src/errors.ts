import { defineErrors } from '@backplane/base';

/** Every code of this package. */
export const errors = defineErrors('packaging', {
  BP_INSTALL_REFUSED: {
    title: 'A folder cannot be installed.',
    status: 422,
    mend: 'Give the absolute path of a folder that holds one plugin, made of plain files.',
    message: (d: { source: string; reason: string }) => `${d.source} cannot be installed: ${d.reason}.`,
  },
  BP_INSTALL_FULL: {
    title: 'There is no room for what is to be installed.',
    status: 507,
    mend: 'Make room on the disk of the data folder; nothing was installed.',
    message: (d: { source: string }) => `There is no room for a copy of ${d.source}.`,
  },
});
