/** How a plugin names a service it provides or needs. The identity is `id`; the type travels with the token. */
export interface ServiceRef<S extends object> {
  readonly kind: 'service';
  /** `PLUGIN.service_name`, such as `trust-pki.document_signer`. */
  readonly id: string;
  /** Semver range the provider's version must meet; any version unless told. */
  readonly range?: string;
  /** Never set: carries the type. */
  readonly T?: S;
}

/** A need that may stay unmet: its handle is then `undefined`. */
export interface OptionalNeed<T extends object> {
  readonly kind: 'optional';
  readonly ref: ServiceRef<T>;
}

/**
 * A need that does not order the start, so that two plugins may call each other at run time.
 * Its calls count depth, and are refused beyond the limit with `BP_CALL_TOO_DEEP`.
 */
export interface LazyNeed<T extends object> {
  readonly kind: 'lazy';
  readonly ref: ServiceRef<T>;
}

export type Need = ServiceRef<object> | OptionalNeed<object> | LazyNeed<object>;
export type Needs = Readonly<Record<string, Need>>;

/**
 * What a consumer holds: the provider's methods, made asynchronous, because they may run in another thread or process.
 * A handle is stable: each call goes to the version that its own request, event or tick sees.
 */
export type ServiceHandle<T extends object> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

export type HandleOf<N> =
  N extends OptionalNeed<infer T>
    ? ServiceHandle<T> | undefined
    : N extends LazyNeed<infer T>
      ? ServiceHandle<T>
      : N extends ServiceRef<infer T>
        ? ServiceHandle<T>
        : never;

export type Handles<N extends Needs> = { readonly [K in keyof N]: HandleOf<N[K]> };

/** What a token brings whose type was not given: name it, as in `service<DocumentSigner>('trust-pki.document_signer')`. */
export interface ServiceWithoutInterface extends Readonly<Record<never, unknown>> {}

/**
 * Declares the token of a service. Export it beside the service's interface; importing it brings the type.
 * Arguments and results must be structured-cloneable.
 */
export function service<T extends object = ServiceWithoutInterface>(
  id: string,
  options: { readonly range?: string } = {},
): ServiceRef<T> {
  return Object.freeze({ kind: 'service', id, ...options });
}

/** Marks a need as one the plugin can do without. */
export function optional<T extends object>(ref: ServiceRef<T>): OptionalNeed<T> {
  return Object.freeze({ kind: 'optional', ref });
}

/** Marks a need as one that must not order the start: the way to let two plugins call each other. */
export function lazy<T extends object>(ref: ServiceRef<T>): LazyNeed<T> {
  return Object.freeze({ kind: 'lazy', ref });
}
