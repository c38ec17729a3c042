import type { StepLimits } from '@backplane/plugin-api';
import type { HeldEffect } from '@backplane/ports';
import type { Serving } from '../oracle/fitting.ts';
import { Outlook } from '../oracle/outlook.ts';
import type { Fault, Variant } from '../plugins/variant.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

/** One sort of plugin, and how it is dealt with. Its code is `fleet/plugins/NAME.ts`, which exports a function of that name. */
export interface MemberKind {
  readonly name: string;
  /** Asks a plugin of this kind something, and checks what comes. Ends soon, whatever happens. */
  visit(world: World, member: Member, random: Random): Promise<void>;
  /** What its code has to know besides. */
  options?(places: Places): NonNullable<Variant['options']>;
  readonly replace?: Variant['replace'];
  readonly limits?: StepLimits;
  /** `false` for what works in the host's own process only. */
  readonly isolable?: boolean;
  /** The kind whose plugin it cannot do without. */
  readonly dependsOn?: string;
  /** What each version of it leaves behind on purpose. */
  readonly leaves?: readonly HeldEffect['kind'][];
  /** Its counter goes on from version to version. */
  readonly handsOver?: boolean;
  /** Calls of a replaced version may have to be ended at its drain limit. */
  readonly mayEndCalls?: boolean;
}

/** Where plugins find what lies outside of them. */
export interface Places {
  /** The port of the director's quay. */
  readonly quay: number;
  /** One that nobody uses. */
  readonly freePort: number;
}

export type Level = 'inline' | 'process';
export type Breakage = 'syntax' | 'import';

/** One version of a plugin, with everything that lies on the disk for it. */
export interface Version {
  readonly variant: Variant;
  readonly greeting: string;
  readonly level: Level;
  /** Text that no compiler takes. */
  readonly broken?: Breakage;
}

export interface Draft {
  readonly fault?: Fault;
  readonly limits?: StepLimits;
  readonly greeting?: string;
  readonly level?: Level;
  readonly broken?: Breakage;
  readonly major?: number;
}

/**
 * Where a plugin of the fleet is: not on the disk, serving its current version, or refused and failing, so that nothing serves.
 */
export type Berth = 'away' | 'serving' | 'broken';

/** One plugin of the fleet, as the director knows it. */
export class Member {
  readonly name: string;
  readonly kind: MemberKind;
  /** A single file, or a folder with a manifest. */
  readonly form: 'file' | 'folder';
  readonly aliases: readonly string[];
  readonly options: Variant['options'];
  readonly outlook = new Outlook();
  berth: Berth = 'away';
  /** What lies on the disk, unless the berth is `away`. */
  current: Version | undefined;
  /** Times it has crashed since somebody last reloaded it: the fifth would quarantine it. */
  crashes = 0;
  /** Of its next version, unless told. */
  major = 1;
  #builds = 0;

  constructor(
    name: string,
    kind: MemberKind,
    form: 'file' | 'folder',
    places: Places,
    aliases: readonly string[] = [],
  ) {
    this.name = name;
    this.kind = kind;
    this.form = form;
    this.aliases = aliases;
    this.options = kind.options?.(places);
  }

  /** Its next version. What is not told stays as it is, save for faults, which do not stay. */
  draft(change: Draft = {}): Version {
    const build = ++this.#builds;
    const { kind, name, aliases, current, options } = this;
    const major = change.major ?? this.major;
    const limits = { ...kind.limits, ...change.limits };
    return {
      greeting: change.greeting ?? current?.greeting ?? 'ahoy',
      level: change.level ?? current?.level ?? 'inline',
      ...(change.broken && { broken: change.broken }),
      variant: {
        name,
        version: `${major}.0.${build}`,
        major,
        build,
        factor: 1 + ((build * 7) % 101),
        ...(change.fault && { fault: change.fault }),
        ...(Object.keys(limits).length > 0 && { limits }),
        ...(kind.replace && { replace: kind.replace }),
        ...(aliases.length > 0 && { aliases }),
        ...(options && { options }),
      },
    };
  }

  /** The same code with other surroundings: no new build. */
  redraft(change: Pick<Draft, 'greeting' | 'level'>): Version {
    const current = this.current as Version;
    return { ...current, greeting: change.greeting ?? current.greeting, level: change.level ?? current.level };
  }
}

/** One of those of whom there are few: among hundreds of neighbours, chance alone would hardly find them. */
export const isRare = ({ name, kind }: Member): boolean => name === kind.name || kind.dependsOn !== undefined;

/** What a version does while it serves. */
export function dutyOf({ variant, greeting, level }: Version): Serving {
  const { version, major, build, factor } = variant;
  return { kind: 'serves', version, major, build, factor, greeting, level };
}
