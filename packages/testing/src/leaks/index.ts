export { expectNoLeaks, type LeakCheck, type LeakCheckOptions, watchLeaks } from './leak-check.ts';
