const F0 = ['base'];
const F1 = ['plugin-api', 'ports', 'wire'];
const F3 = [
  'bus',
  'cache',
  'config',
  'desired-state',
  'discovery',
  'gateway',
  'isolation',
  'leaks',
  'loader',
  'management',
  'packaging',
  'security',
  'store',
  'telemetry',
  'watch',
];
const upToPorts = [...F0, ...F1];
const upToRuntime = [...upToPorts, 'kernel', ...F3, 'x509', 'runtime'];

/** A package's floor, and which of our packages it may import: only what lies below. */
export interface Floor {
  readonly floor: string;
  readonly below: readonly string[];
}

/** The house of docs/architecture.md. A package that is not listed has no place in it yet. */
export const FLOOR_PLAN: Readonly<Record<string, Floor>> = {
  base: { floor: 'F0', below: [] },
  'plugin-api': { floor: 'F1', below: F0 },
  ports: { floor: 'F1', below: [...F0, 'plugin-api'] },
  wire: { floor: 'F1', below: [...F0, 'plugin-api', 'ports'] },
  kernel: { floor: 'F2', below: upToPorts },
  ...Object.fromEntries(F3.map((name) => [name, { floor: 'F3', below: upToPorts }])),
  x509: { floor: 'F3, alone', below: [] },
  runtime: { floor: 'F4', below: [...upToPorts, 'kernel', ...F3, 'x509'] },
  cli: { floor: 'F5', below: upToRuntime },
  testing: { floor: 'F5', below: upToRuntime },
  'create-backplane': { floor: 'F5', below: upToRuntime },
  'admin-ui': { floor: 'F5', below: ['wire'] },
};

/** What plugins and examples see of us. */
export const AUTHORS: Floor = { floor: 'author', below: ['plugin-api'] };

const OURS = /^@backplane\/([^/]+)(\/.*)?$/;

/** Our package that a specifier names, and the subpath in it (`.` for the package itself); `undefined` for anything else. */
export function ourPackage(specifier: string): { readonly name: string; readonly subpath: string } | undefined {
  const match = OURS.exec(specifier);
  return match ? { name: match[1] ?? '', subpath: `.${match[2] ?? ''}` } : undefined;
}
