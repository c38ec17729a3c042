/** The value as JSON carries it; `undefined` where that is impossible, as for a circle or what is too deep. */
export function plainJson(value: unknown): unknown {
  try {
    const text = JSON.stringify(value);
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
