import type { EngineEvent } from '@pulumi/pulumi/automation/events.js';
import type { DriftedResource, PlannedChange, PropertyDiff } from '@lapidary/contracts/provisioner-protocol';
import { isStateful } from '../template/stateful.js';
import { containsUnknown, unknownValue, type PropertyValue } from './property-values.js';
import { dotted, parsePath, valueAt } from './property-path.js';
import { isProviderType, nameOf, stackType } from './urn.js';

type Metadata = NonNullable<EngineEvent['resourcePreEvent']>['metadata'];
type Changes = NonNullable<Metadata['detailedDiff']>;

/** Of the three steps that make a replacement, the one that shows old and new side by side. */
const opOf: Readonly<Record<string, PlannedChange['op']>> = {
  create: 'create',
  import: 'create',
  update: 'update',
  delete: 'delete',
  'create-replacement': 'replace',
};

/**
 * Turns engine events, the real CLI's as well as ours, into what changes and what has drifted. Both engines mask secrets in
 * their events, so a secret that differs shows only that it does.
 */
export class ChangeCollector {
  private readonly changes = new Map<string, PlannedChange>();
  private readonly drifted: DriftedResource[] = [];

  constructor(private readonly reads: boolean) {}

  get plan(): readonly PlannedChange[] {
    return [...this.changes.values()];
  }

  urnsOf(names: readonly string[]): readonly string[] {
    return [...this.changes].filter(([, { name }]) => names.includes(name)).map(([urn]) => urn);
  }

  get drift(): readonly DriftedResource[] {
    return this.drifted;
  }

  observe(event: EngineEvent): void {
    const metadata = event.resOutputsEvent?.metadata ?? event.resourcePreEvent?.metadata;
    if (metadata === undefined || isBookkeeping(metadata)) return;
    if (!this.reads) this.plans(metadata);
    else if (event.resOutputsEvent !== undefined) this.drifted.push(...driftIn(metadata));
  }

  /** Announced before and confirmed after: the later one has the values that were not known yet. */
  private plans(metadata: Metadata): void {
    const op = opOf[metadata.op];
    if (op === undefined) return;
    this.changes.set(metadata.urn, {
      op,
      resourceType: metadata.type,
      name: nameOf(metadata.urn),
      stateful: isStateful(metadata.type),
      protected: (metadata.old ?? metadata.new)?.protect ?? false,
      diffs: op === 'delete' ? [] : op === 'create' ? inputsOf(metadata) : diffsOf(metadata),
    });
  }
}

/** The stack itself, connections to clouds, and components that only group. */
const isBookkeeping = (metadata: Metadata): boolean =>
  metadata.type === stackType || isProviderType(metadata.type) || !(metadata.new ?? metadata.old)?.custom;

const inputsOf = ({ new: next }: Metadata): PropertyDiff[] =>
  Object.entries((next?.inputs ?? {}) as Record<string, unknown>)
    .filter(([key, value]) => value !== null && value !== undefined && !key.startsWith('__'))
    .map(([path, value]) => ({ path, kind: 'add', before: null, ...after(value), forcesReplace: false }));

const diffsOf = ({ old, new: next, detailedDiff, diffs, keys }: Metadata): PropertyDiff[] => {
  const detailed: Changes = detailedDiff ?? {};
  const paths = Object.keys(detailed).length > 0 ? Object.keys(detailed) : [...(diffs ?? [])];
  return paths.map((text) => {
    const path = parsePath(text);
    const kind = String(detailed[text]?.diffKind ?? 'update');
    return {
      path: dotted(path),
      kind: kind.startsWith('add') ? 'add' : kind.startsWith('delete') ? 'delete' : 'update',
      before: valueAt(old?.inputs, path) ?? valueAt(old?.outputs, path) ?? null,
      ...after(valueAt(next?.inputs, path)),
      forcesReplace: kind.endsWith('-replace') || (keys ?? []).includes(String(path[0])),
    };
  });
};

const after = (value: unknown): { after: unknown; unknown: boolean } => {
  const unknown = containsUnknown((value ?? null) as PropertyValue);
  return { after: unknown ? shownUnknown(value) : (value ?? null), unknown };
};

/** A value that is known in part keeps what is known. */
const shownUnknown = (value: unknown): unknown => {
  if (value === unknownValue) return null;
  return JSON.parse(JSON.stringify(value, (_key, inner: unknown) => (inner === unknownValue ? null : inner)));
};

const driftIn = ({ op, urn, type, old, new: next, detailedDiff, diffs }: Metadata): readonly DriftedResource[] => {
  const about = { resourceType: type, name: nameOf(urn) };
  if ((op as string) === 'delete' || (old && !next)) return [{ ...about, path: '', expected: old?.id ?? null, observed: null }];
  const detailed = Object.keys(detailedDiff ?? {});
  return (detailed.length > 0 ? detailed : [...(diffs ?? [])]).map((text) => {
    const path = parsePath(text);
    return {
      ...about,
      path: dotted(path),
      expected: valueAt(old?.outputs, path) ?? null,
      observed: valueAt(next?.outputs, path) ?? null,
    };
  });
};
