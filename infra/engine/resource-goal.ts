import type { RegisterResourceRequest } from '@pulumi/pulumi/proto/resource_pb.js';
import type { PropertyMap } from './property-values.js';
import { makeUrn } from './urn.js';

/** What the program wants of one resource. */
export interface ResourceGoal {
  readonly urn: string;
  readonly aliases: readonly string[];
  readonly type: string;
  readonly custom: boolean;
  readonly parent: string;
  readonly provider: string;
  readonly inputs: PropertyMap;
  readonly dependencies: readonly string[];
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deletedWith: string;
  readonly secretOutputs: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly deleteBeforeReplace: boolean | undefined;
}

/** The request of the wire as a plain value. */
export const goalOf = (request: RegisterResourceRequest, stack: string, project: string): ResourceGoal => ({
  urn: makeUrn(stack, project, request.getType(), request.getName(), request.getParent()),
  aliases: request.getAliasurnsList(),
  type: request.getType(),
  custom: request.getCustom(),
  parent: request.getParent(),
  provider: request.getProvider(),
  inputs: (request.getObject()?.toJavaScript() ?? {}) as PropertyMap,
  dependencies: [...new Set(request.getDependenciesList())],
  protect: request.getProtect() ?? false,
  retainOnDelete: request.getRetainondelete() ?? false,
  deletedWith: request.getDeletedwith(),
  secretOutputs: request.getAdditionalsecretoutputsList(),
  ignoreChanges: request.getIgnorechangesList(),
  replaceOnChanges: request.getReplaceonchangesList(),
  deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
});
