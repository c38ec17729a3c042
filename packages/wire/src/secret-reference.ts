/** Where the text of a secret is. */
export type SecretPlace =
  | { readonly from: 'env'; readonly name: string }
  | { readonly from: 'file'; readonly path: string };

const FORM = /^(?:env:(?<name>[A-Za-z_][A-Za-z0-9_]*)|file:(?<path>[^\0]+))$/;

/** `!secret env:NAME` or `!secret file:PATH` in a YAML file: says where a text is, and never what it is. */
export class SecretReference {
  readonly place: SecretPlace;

  private constructor(place: SecretPlace) {
    this.place = place;
  }

  /** `undefined` for what is no such place. */
  static from(text: string): SecretReference | undefined {
    const { name, path } = FORM.exec(text.trim())?.groups ?? {};
    if (name !== undefined) return new SecretReference({ from: 'env', name });
    return path === undefined ? undefined : new SecretReference({ from: 'file', path });
  }
}
