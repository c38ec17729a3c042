export { ManualClock } from './manual-clock.ts';
export { createTestHost, type TestHost } from './test-host.ts';
