/** A route of a plugin, for people and the OpenAPI document. Plain JSON, so that it crosses processes. */
export interface RouteDescription {
  /** In capitals. */
  readonly method: string;
  /** Whole, with the mount, as the router reads it: `/shop/orders/:id`. */
  readonly url: string;
  /** `undefined` for a route of which nothing else is known. */
  readonly operation: OperationDescription | undefined;
}

/** What a route says of itself. Schemas are JSON Schemas as their authors wrote them, sound or not. */
export interface OperationDescription {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly deprecated?: boolean;
  readonly params?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
  /** By media type. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** By status, `2XX` or `default`. */
  readonly responses: Readonly<Record<string, ResponseDescription>>;
  /** Schemas that the others refer to, by `$id`. */
  readonly shared?: Readonly<Record<string, unknown>>;
}

export interface ResponseDescription {
  readonly description: string;
  /** Schemas by media type; `undefined` for a body of which nothing is known. */
  readonly content?: Readonly<Record<string, unknown>>;
}

/** What one plugin serves. */
export interface PluginRoutes {
  readonly plugin: string;
  readonly displayName: string;
  readonly version: string;
  readonly description: string;
  readonly routes: readonly RouteDescription[];
}
