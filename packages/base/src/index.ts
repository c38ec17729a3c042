export { BackplaneError, type ErrorFields, isBackplaneError, messageOf } from './backplane-error.ts';
export { type Clock, type ClockTimer, sleep, systemClock } from './clock.ts';
export { findUncloneable, type Uncloneable } from './cloneable.ts';
export {
  createErrors,
  defineErrors,
  type ErrorCatalogue,
  type ErrorEntries,
  type ErrorEntry,
  entriesOf,
  type PublishedCatalogue,
  publishedCatalogues,
} from './error-catalogue.ts';
export { errors as baseErrors } from './errors.ts';
export { canonicalName, newSpanId, newTraceId } from './ids.ts';
export { methodsOf } from './methods-of.ts';
export { withTimeLimit } from './time-limit.ts';
