import { copyFileSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CARGO } from './members/filer.ts';
import type { Member, Version } from './members/member.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const CREW = fileURLToPath(new URL('./plugins/', import.meta.url));

/** What no compiler takes, and what no package has. */
const BROKEN = {
  syntax: 'export const = {',
  import: "import { nothing } from 'a-package-that-nobody-has';\nnothing();",
} as const;

/** Top-level code that goes wrong. */
const TOP_LEVEL = {
  throw: "throw new Error('made to fail in top-level');",
  hang: 'await new Promise(() => {});',
} as const;

/** The files of one run: a folder inside of the repository, where plugins find its packages, and gone with everything in it. */
export class Harbour implements Disposable {
  readonly folder: string;

  constructor() {
    process.once('exit', this.#clear);
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    this.folder = mkdtempSync(join(ROOT, '.cache', 'fleet-'));
    for (const name of ['plugins/_crew', 'config/plugins', 'data', 'tmp']) {
      mkdirSync(join(this.folder, name), { recursive: true });
    }
    mkdirSync(join(this.folder, 'plugins/_crew/public'));
    writeFileSync(join(this.folder, 'plugins/_crew/public/cargo.bin'), CARGO);
    for (const file of globSync('*.ts', { cwd: CREW })) {
      copyFileSync(join(CREW, file), join(this.folder, 'plugins/_crew', basename(file)));
    }
  }

  /** Puts a version on the disk, in place of what is there. */
  write(member: Member, version: Version): void {
    const { name, form } = member;
    const plugins = join(this.folder, 'plugins');
    if (form === 'file') writeFileSync(join(plugins, `${name}.ts`), entryText(member, version, './_crew'));
    else {
      mkdirSync(join(plugins, name), { recursive: true });
      writeFileSync(join(plugins, name, 'plugin.ts'), entryText(member, version, '../_crew'));
      writeFileSync(join(plugins, name, 'plugin.yaml'), manifestText(version));
    }
    this.configure(member, `greeting: ${version.greeting}`);
  }

  /** Sets the plugin's configuration to these lines of YAML. */
  configure({ name }: Member, lines: string): void {
    writeFileSync(join(this.folder, 'config/plugins', `${name}.yaml`), `default:\n  ${lines}\n`);
  }

  remove({ name, form }: Member): void {
    rmSync(join(this.folder, 'plugins', form === 'file' ? `${name}.ts` : name), { recursive: true });
    rmSync(join(this.folder, 'config/plugins', `${name}.yaml`));
  }

  /** What lies in the host's folder for temporary files. */
  get temporaryFiles(): readonly string[] {
    return readdirSync(join(this.folder, 'tmp'), { recursive: true }).map(String).sort();
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#clear);
    this.#clear();
  }

  readonly #clear = (): void => rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
}

function entryText({ kind }: Member, { variant, broken }: Version, crew: string): string {
  const { fault } = variant;
  const topLevel =
    fault?.step === 'top-level' && (fault.way === 'throw' || fault.way === 'hang') ? fault.way : undefined;
  const lines = [
    `import { ${kind.name} } from '${crew}/${kind.name}.ts';`,
    broken && BROKEN[broken],
    topLevel && TOP_LEVEL[topLevel],
    `export default ${kind.name}(${JSON.stringify(variant)});`,
  ];
  return `${lines.filter(Boolean).join('\n')}\n`;
}

function manifestText({ variant: { name, version }, level }: Version): string {
  return `name: ${name}\nversion: "${version}"\nisolation: ${level}\n`;
}
