import * as grpc from '@grpc/grpc-js';
import type { EngineEvent } from '@pulumi/pulumi/automation/events.js';
import type { PolicyFinding } from '@lapidary/contracts/provisioner-protocol';
import type { Difference } from './detailed-diff.js';
import { formatPath } from './property-path.js';
import { maskedMap, type PropertyMap } from './property-values.js';
import { protos } from './protos.js';
import type { SecretScrubber } from './secret-scrubber.js';
import { nameOf } from './urn.js';

/** The name of the pack that holds the same rules for the real CLI (infra/policy/policy-pack.ts). */
const policyPack = 'lapidary';

type EventBody = Partial<Omit<EngineEvent, 'sequence' | 'timestamp'>>;
type StepMetadata = NonNullable<EngineEvent['resourcePreEvent']>['metadata'];
type PropertyDiff = NonNullable<StepMetadata['detailedDiff']>[string];

/** What of a resource's state an event shows. */
export interface EventState {
  readonly type: string;
  readonly urn: string;
  readonly custom: boolean;
  readonly id: string;
  readonly parent: string;
  readonly provider: string;
  readonly protect: boolean;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

export interface Step {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old?: EventState | undefined;
  readonly new?: EventState | undefined;
  readonly differences?: readonly Difference[];
  /** Keys that can't be changed in place. */
  readonly replaces?: readonly string[];
}

/** The engine's events: over gRPC to the SDK's `onEvent`, and as plain lines to `onOutput`. Secrets are masked here. */
export class EventStream {
  private sequence = 0;
  private readonly lines: string[] = [];
  private readonly client: InstanceType<typeof protos.eventsGrpc.EventsClient> | undefined;
  private readonly call: ReturnType<InstanceType<typeof protos.eventsGrpc.EventsClient>['streamEvents']> | undefined;
  private readonly closed = Promise.withResolvers<void>();

  constructor(
    target: string | undefined,
    private readonly dryRun: boolean,
    private readonly scrubber: SecretScrubber,
    private readonly onOutput?: (text: string) => void,
    /** Sees every event in this process, without the way over gRPC. */
    private readonly observe?: (event: EngineEvent) => void,
  ) {
    if (!target?.startsWith('tcp://')) return;
    this.client = new protos.eventsGrpc.EventsClient(target.slice('tcp://'.length), grpc.credentials.createInsecure());
    this.call = this.client.streamEvents(() => this.closed.resolve());
    // Events are for watching: a watcher that went away must not stop the work.
    this.call.on('error', () => this.closed.resolve());
  }

  get text(): string {
    return this.lines.join('');
  }

  started(step: Step): void {
    this.emit({ resourcePreEvent: { metadata: metadataOf(step), planning: this.dryRun } });
    if (step.op !== 'same') this.line(`${step.op} ${step.type} ${nameOf(step.urn)}${pathsOf(step)}`);
  }

  done(step: Step): void {
    this.emit({ resOutputsEvent: { metadata: metadataOf(step), planning: this.dryRun } });
  }

  failed(step: Step): void {
    this.emit({ resOpFailedEvent: { metadata: metadataOf(step), status: 1, steps: this.sequence } });
  }

  diagnostic(severity: 'info' | 'warning' | 'error', message: string, urn?: string): void {
    const clean = this.scrubber.scrub(message);
    this.emit({ diagnosticEvent: { message: clean, color: 'never', severity, ...(urn ? { urn } : {}) } });
    this.line(`${severity}: ${clean}`);
  }

  policy({ rule, level, message, resource }: PolicyFinding, urn: string | undefined): void {
    const enforcementLevel = level === 'mandatory' ? 'mandatory' : 'warning';
    const pack = { policyPackName: policyPack, policyPackVersion: '', policyPackVersionTag: '', color: 'never' };
    const text = this.scrubber.scrub(urn === undefined ? `${resource}: ${message}` : message);
    this.emit({ policyEvent: { ...pack, policyName: rule, enforcementLevel, message: text, ...(urn ? { resourceUrn: urn } : {}) } });
    this.line(`policy ${rule} (${level}): ${resource}: ${text}`);
  }

  emit(body: EventBody): void {
    const event = { sequence: this.sequence++, timestamp: Math.floor(Date.now() / 1000), ...body };
    this.observe?.(event);
    if (this.call === undefined) return;
    const request = new protos.events.EventRequest();
    request.setEvent(JSON.stringify(event));
    this.call.write(request);
  }

  async close(): Promise<void> {
    if (this.call === undefined) return;
    this.call.end();
    await this.closed.promise;
    this.client?.close();
  }

  private line(text: string): void {
    this.lines.push(`${text}\n`);
    this.onOutput?.(`${text}\n`);
  }
}

const metadataOf = (step: Step): StepMetadata => ({
  op: step.op as StepMetadata['op'],
  urn: step.urn,
  type: step.type,
  ...(step.old ? { old: shown(step.old) } : {}),
  ...(step.new ? { new: shown(step.new) } : {}),
  keys: [...(step.replaces ?? [])],
  diffs: [...new Set((step.differences ?? []).map(({ path }) => String(path[0])))],
  detailedDiff: detailed(step),
  provider: step.new?.provider ?? step.old?.provider ?? '',
});

/** As the CLI writes them, so that one reader serves both (planned-changes.ts). */
const detailed = ({ differences = [], replaces = [] }: Step): NonNullable<StepMetadata['detailedDiff']> =>
  Object.fromEntries(
    differences.map(({ path, kind }) => {
      const diffKind = replaces.includes(String(path[0])) ? `${kind}-replace` : kind;
      return [formatPath(path), { diffKind: diffKind as PropertyDiff['diffKind'], inputDiff: true }];
    }),
  );

const pathsOf = ({ differences = [] }: Step): string =>
  differences.length === 0 ? '' : ` [${differences.map(({ path }) => formatPath(path)).join(', ')}]`;

const shown = (state: EventState) => ({ ...state, inputs: maskedMap(state.inputs), outputs: maskedMap(state.outputs) });
