export { errors } from './errors.ts';
export type { LogLevel } from './log-levels.ts';
export { createLogging, type LogDestination, type Logging, type LoggingOptions } from './logging.ts';
