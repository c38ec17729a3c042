export { errors } from './errors.ts';
export { createFileWatcher, type FileBatch, type FileWatcher, type FileWatcherOptions } from './file-watcher.ts';
