/** What can be compared. */
export type ConditionValue = string | number | boolean | null;

/** What one field of the payload must be. A value alone means equality, a list any of its values. All that is given must be met. */
export type FieldCondition =
  | ConditionValue
  | readonly ConditionValue[]
  | {
      readonly $eq?: ConditionValue;
      readonly $ne?: ConditionValue;
      readonly $in?: readonly ConditionValue[];
      readonly $nin?: readonly ConditionValue[];
      /** Numbers with numbers, strings with strings (by code units); anything else does not meet it. */
      readonly $gt?: number | string;
      readonly $gte?: number | string;
      readonly $lt?: number | string;
      readonly $lte?: number | string;
      /** Whether there is such a field. */
      readonly $exists?: boolean;
    };

/**
 * When a handler is called: a filter on the payload (the first argument), as data. Keys are paths into it, such as `customer.country` or
 * `items.0.sku`; a subset of the query language of MongoDB. Everything that is given must be met.
 */
export type HookCondition =
  | { readonly [path: string]: FieldCondition }
  | { readonly $and: readonly HookCondition[] }
  | { readonly $or: readonly HookCondition[] }
  | { readonly $not: HookCondition };
