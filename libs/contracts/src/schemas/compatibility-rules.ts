/**
 * Which changes of a released schema break whom (P-SC2). Regions are upgraded one after the other, and an outbox holds events
 * for days: so new code must read what old code wrote, and old code what new code writes. Whatever breaks either needs a
 * new version of the type. The page docs/reference/schemas.md is made from this table.
 */
export type Reader = 'new readers' | 'old readers';

export interface CompatibilityRule {
  readonly change: string;
  readonly breaks: readonly Reader[];
  readonly why: string;
}

const newReaders = ['new readers'] as const;
const oldReaders = ['old readers'] as const;
const both = ['new readers', 'old readers'] as const;

export const compatibilityRules = {
  'field-added-required': { change: 'a required field is added', breaks: newReaders, why: 'what was written before lacks it' },
  'field-added-closed': {
    change: 'a field is added to an object that allows no others',
    breaks: oldReaders,
    why: 'they refuse fields they don’t know',
  },
  'field-removed': {
    change: 'a field is removed',
    breaks: oldReaders,
    why: 'they may require it; and an optional one’s name could come back with another meaning',
  },
  'field-made-required': { change: 'an optional field becomes required', breaks: newReaders, why: 'what was written before may lack it' },
  'field-made-optional': { change: 'a required field becomes optional', breaks: oldReaders, why: 'they refuse an object without it' },
  'object-closed': { change: 'an object no longer allows other fields', breaks: newReaders, why: 'other fields may have been written' },
  'object-opened': { change: 'an object allows other fields now', breaks: oldReaders, why: 'they refuse fields they don’t know' },
  'type-added': { change: 'a value may have another type as well', breaks: oldReaders, why: 'they refuse the new type' },
  'type-removed': { change: 'a value may no longer have a type', breaks: newReaders, why: 'it was written before' },
  'value-added': { change: 'a value is added to a list of allowed ones', breaks: oldReaders, why: 'they refuse the new value' },
  'value-removed': { change: 'a value is removed from a list of allowed ones', breaks: newReaders, why: 'it was written before' },
  'variant-added': { change: 'a variant is added to a union', breaks: oldReaders, why: 'they refuse the new variant' },
  'variant-removed': { change: 'a variant is removed from a union', breaks: newReaders, why: 'it was written before' },
  'limit-tightened': { change: 'a limit is tightened', breaks: newReaders, why: 'what was written before may be outside' },
  'limit-loosened': { change: 'a limit is loosened', breaks: oldReaders, why: 'they refuse what is outside of theirs' },
  'rule-changed': {
    change: 'a pattern, a format or anything that can’t be compared is changed',
    breaks: both,
    why: 'nobody can tell which values pass both',
  },
  'type-unreleased': { change: 'a released type is no longer known', breaks: newReaders, why: 'outboxes and streams still hold it' },
} as const satisfies Readonly<Record<string, CompatibilityRule>>;

export type CompatibilityRuleId = keyof typeof compatibilityRules;

/** One thing that breaks, and where: `data.tenant.weight`; `[]` are the items of a list, `{}` the values of a record. */
export interface SchemaBreak {
  readonly rule: CompatibilityRuleId;
  readonly path: string;
  readonly detail: string;
}
