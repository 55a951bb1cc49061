import type { z } from 'zod';

/** The data of an event or a message, as JSON. */
export type WireData = Readonly<Record<string, unknown>>;

/**
 * One step from a version of a type to the next: a pure function of data that its version's schema accepts, to data that the next one
 * accepts. It passes on fields that it has no name for. Never edited once it is released: outboxes hold what it reads.
 */
export interface Upcaster {
  /** Full name with version; it leads to the version after that. */
  readonly from: string;
  /** What the next version has otherwise, for people. */
  readonly change: string;
  readonly upcast: (data: WireData) => WireData;
}

export type ReadType =
  | {
      readonly ok: true;
      /** The newest version of the type. */
      readonly type: string;
      /** As it came, upcast; fields that this code does not know are in it. */
      readonly data: WireData;
      /** As the schema reads it: defaults filled in, other fields dropped where the schema drops them. */
      readonly parsed: unknown;
    }
  /** `unknown`: no such type here, or a version newer than any here; a newer code knows it. `misfit`: not what its version says. */
  | { readonly ok: false; readonly why: 'unknown' | 'misfit'; readonly message: string; readonly internal?: string };

/** Values may be nested 32 deep (JsonSchema); what holds them is some ten levels more. */
const depthMax = 64;
const isNestedWithin = (value: unknown, depth: number): boolean =>
  typeof value !== 'object' || value === null || (depth > 0 && Object.values(value).every((item) => isNestedWithin(item, depth - 1)));

interface Version {
  readonly name: string;
  readonly number: number;
  readonly schema: z.ZodType;
  /** True only of data that the schema accepts and reads as they are. */
  readonly surelyFits: ((data: unknown) => boolean) | undefined;
  readonly next: Upcaster | null;
  /** Name of the version that readers handle. */
  readonly newest: string;
}

export const splitTypeName = (type: string): { readonly family: string; readonly version: number } | null => {
  const match = /^(.+)\.v([1-9][0-9]*)$/.exec(type);
  return match ? { family: match[1]!, version: Number(match[2]) } : null;
};

/**
 * The versions of each type that this code reads, with the steps between them (P-SC1). Readers handle the newest version only; what is
 * older is brought there step by step. Throws a TypeError at start where a step is missing, doubled or leads nowhere.
 */
export class TypeVersions {
  private readonly byName = new Map<string, Version>();
  private readonly families = new Map<string, readonly Version[]>();

  /** `surelyFits`: of types that come in great numbers, a quicker way to the schema's yes. */
  constructor(
    schemas: Readonly<Record<string, z.ZodType>>,
    upcasters: readonly Upcaster[],
    surelyFits: Readonly<Record<string, (data: unknown) => boolean>> = {},
  ) {
    const steps = new Map(upcasters.map((u) => [u.from, u]));
    if (steps.size < upcasters.length) throw new TypeError('two upcasters lead from one version');
    const families = Map.groupBy(Object.keys(schemas), (name) => {
      const split = splitTypeName(name);
      if (split === null) throw new TypeError(`${name} does not end in a version`);
      return split.family;
    });
    for (const [family, names] of families) this.families.set(family, chainOf(names, schemas, steps, surelyFits));
    for (const versions of this.families.values()) for (const version of versions) this.byName.set(version.name, version);
    for (const from of steps.keys()) if (!this.byName.get(from)?.next) throw new TypeError(`the upcaster from ${from} leads nowhere`);
  }

  /** Full names of all that can be read. */
  get names(): readonly string[] {
    return [...this.byName.keys()];
  }

  /** Whether this code can read the type in that version at all. */
  knows(type: string): boolean {
    return this.byName.has(type);
  }

  /** The version that readers handle; undefined for what this code can't read. */
  newestOf(type: string): string | undefined {
    return this.byName.get(type)?.newest;
  }

  /** Checks data by the schema of their version, and brings them to the newest. Every step's result is checked as well. */
  read(type: string, data: unknown): ReadType {
    let version = this.byName.get(type);
    if (version === undefined) return { ok: false, why: 'unknown', message: this.whyUnknown(type) };
    if (version.next === null && version.surelyFits?.(data) === true) return { ok: true, type, data: data as WireData, parsed: data };
    if (!isNestedWithin(data, depthMax)) return { ok: false, why: 'misfit', message: `The data of a ${type} event is nested too deep` };
    let current = data as WireData;
    for (;;) {
      const parsed = version.schema.safeParse(current);
      if (!parsed.success) {
        const message =
          version.name === type
            ? `The data of a ${type} event does not fit its schema`
            : `The data of a ${type} event does not fit ${version.name} after the steps to it`;
        return { ok: false, why: 'misfit', message, internal: parsed.error.message };
      }
      if (version.next === null) return { ok: true, type: version.name, data: current, parsed: parsed.data };
      current = version.next.upcast(current);
      version = this.byName.get(successorOf(version))!;
    }
  }

  private whyUnknown(type: string): string {
    const split = splitTypeName(type);
    const versions = split && this.families.get(split.family);
    return versions
      ? `This version reads ${split.family} up to v${versions.at(-1)!.number}, not ${type}`
      : `This version does not know events of type ${type}`;
  }
}

const successorOf = ({ name, number }: Pick<Version, 'name' | 'number'>): string =>
  `${name.slice(0, name.lastIndexOf('.v'))}.v${number + 1}`;

const chainOf = (
  names: readonly string[],
  schemas: Readonly<Record<string, z.ZodType>>,
  steps: ReadonlyMap<string, Upcaster>,
  surelyFits: Readonly<Record<string, (data: unknown) => boolean>>,
): readonly Version[] => {
  const sorted = names.map((name) => ({ name, number: splitTypeName(name)!.version })).sort((a, b) => a.number - b.number);
  return sorted.map((version, i) => {
    const follows = sorted[i + 1];
    if (follows !== undefined && follows.name !== successorOf(version)) throw new TypeError(`${successorOf(version)} is missing`);
    const next = follows === undefined ? null : steps.get(version.name);
    if (next === undefined) throw new TypeError(`no upcaster leads from ${version.name} to ${successorOf(version)}`);
    return { ...version, schema: schemas[version.name]!, surelyFits: surelyFits[version.name], next, newest: sorted.at(-1)!.name };
  });
};
