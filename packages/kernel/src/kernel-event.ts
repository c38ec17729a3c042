/** Something that happened to a plugin, for logs. */
export interface KernelEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly plugin: string;
  readonly message: string;
  readonly error?: unknown;
}
