import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { templateVersion } from '../template-version.js';

/** On everything that can carry tags: whose it is, what rendered it, who runs it. */
export const tagsOf = (spec: StampSpec): Readonly<Record<string, string>> => ({
  stamp: spec.name,
  region: spec.region,
  template: templateVersion,
  owner: 'lapidary',
});

export const named = (spec: StampSpec, name: string): Record<string, string> => ({ ...tagsOf(spec), Name: name });
