import { errors } from '../errors.ts';

/**
 * The page of a sorted list that a query asks for. A cursor names the last item of the page before, so that a page stays right when items come
 * and go in between. @throws BP_API_CURSOR_INVALID
 */
export function pageOf<T>(
  items: readonly T[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  keyOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: string | null } {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { items: page, next: last === undefined || rest.length <= limit ? null : writeCursor(keyOf(last)) };
}

/** The whole number that a cursor holds. @throws BP_API_CURSOR_INVALID */
export function numberIn(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const text = readCursor(cursor);
  if (!/^\d{1,15}$/.test(text)) throw errors.BP_API_CURSOR_INVALID({});
  return Number(text);
}

export const writeCursor = (key: string | number): string => Buffer.from(`c:${key}`).toString('base64url');

function readCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!text.startsWith('c:')) throw errors.BP_API_CURSOR_INVALID({});
  return text.slice(2);
}
