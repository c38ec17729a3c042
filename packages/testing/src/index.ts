export { type AllowedLeaks, expectCleanReceipts } from './expect-clean-receipts.ts';
export { expectNoLeaks, type LeakCheck, type LeakCheckOptions, watchLeaks } from './leaks/leak-check.ts';
export { ManualClock } from './manual-clock.ts';
export { RedisServer } from './redis-server.ts';
export { createTestHost, type TestHost } from './test-host.ts';
