import * as pulumi from '@pulumi/pulumi';

/**
 * The URN that a resource had in an earlier version of the template, for `aliases`: without it a resource that is renamed or
 * moved is deleted and made anew. `path`: types from the root component down to the resource itself.
 */
export const formerly = (path: readonly string[], name: string): string =>
  `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${path.join('$')}::${name}`;
