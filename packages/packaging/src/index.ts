export { errors } from './errors.ts';
export { type StagedFolder, stageFolder } from './stage-folder.ts';
