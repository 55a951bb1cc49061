import type { EngineEvent } from '@pulumi/pulumi/automation/events.js';
import type { ProvisionerMessage } from '@lapidary/contracts/provisioner-protocol';
import { isProviderType, nameOf, stackType } from './urn.js';

type ResourceMessage = Extract<ProvisionerMessage, { type: 'resource' }>;
type ResourceOp = ResourceMessage['op'];
type Metadata = NonNullable<EngineEvent['resourcePreEvent']>['metadata'];

/** Pulumi's step names in the words of the protocol; what is missing here is bookkeeping of the engine. */
const opOf: Readonly<Record<string, ResourceOp>> = {
  create: 'create',
  update: 'update',
  delete: 'delete',
  same: 'same',
  read: 'read',
  refresh: 'read',
  import: 'create',
  'create-replacement': 'replace',
  'delete-replaced': 'delete',
};

const resourceMessage = (metadata: Metadata, status: ResourceMessage['status']): ResourceMessage | undefined => {
  const op = opOf[metadata.op];
  // People count what exists: not the stack itself, not connections to clouds, not the components that only group.
  const grouping = !(metadata.new ?? metadata.old)?.custom;
  if (op === undefined || grouping || metadata.type === stackType || isProviderType(metadata.type)) return undefined;
  const detailed = Object.keys(metadata.detailedDiff ?? {});
  const changed = op === 'update' || op === 'replace' ? (detailed.length > 0 ? detailed : [...(metadata.diffs ?? [])]) : [];
  return { type: 'resource', op, resourceType: metadata.type, name: nameOf(metadata.urn), status, changed };
};

/** An engine event as the message for the parent, or nothing where it is noise. */
export const messageOf = (event: EngineEvent): ProvisionerMessage | undefined => {
  if (event.resourcePreEvent) return resourceMessage(event.resourcePreEvent.metadata, 'started');
  if (event.resOutputsEvent) return resourceMessage(event.resOutputsEvent.metadata, 'done');
  if (event.resOpFailedEvent) return resourceMessage(event.resOpFailedEvent.metadata, 'failed');
  const diagnostic = event.diagnosticEvent;
  // The real CLI sends "debug" too, which the SDK's types leave out.
  if (diagnostic === undefined || (diagnostic.severity as string) === 'debug' || diagnostic.message.trim() === '') return undefined;
  const level = diagnostic.severity === 'error' || diagnostic.severity === 'warning' ? diagnostic.severity : 'info';
  return { type: 'log', level, message: diagnostic.message.trim() };
};

/** Counts what was done, per op; the deletion of what was replaced is part of the replacement. */
export class ChangeCounter {
  readonly changes: Record<string, number> = {};

  observe(event: EngineEvent): void {
    const metadata = event.resOutputsEvent?.metadata;
    if (metadata === undefined || metadata.op === ('delete-replaced' as string)) return;
    const message = resourceMessage(metadata, 'done');
    if (message !== undefined) this.changes[message.op] = (this.changes[message.op] ?? 0) + 1;
  }
}
