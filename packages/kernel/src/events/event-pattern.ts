/** Whether a type of event is one that a pattern describes. */
export type TypeTest = (type: string) => boolean;

const SEGMENT = /^[A-Za-z0-9_-]+$/;

/** True for what can be a type of event: segments of letters, digits, `_` and `-`, with dots between, at most 255 long. */
export const isEventType = (type: string): boolean =>
  type.length <= 255 && type.split('.').every((segment) => SEGMENT.test(segment));

/**
 * Reads a pattern: a type, in which `*` stands for one segment and `#`, at the end, for whatever follows, nothing too.
 * `undefined` for what is no pattern.
 */
export function compilePattern(pattern: string): TypeTest | undefined {
  if (typeof pattern !== 'string' || pattern.length > 255) return undefined;
  const segments = pattern.split('.');
  const open = segments.at(-1) === '#';
  if (open) segments.pop();
  if (segments.some((segment) => segment !== '*' && !SEGMENT.test(segment))) return undefined;
  if (!open && !segments.includes('*')) return (type) => type === pattern;
  return (type) => {
    const found = type.split('.');
    if (open ? found.length < segments.length : found.length !== segments.length) return false;
    return segments.every((segment, index) => segment === '*' || segment === found[index]);
  };
}
