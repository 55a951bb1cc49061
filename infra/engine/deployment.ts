import type { PolicyFinding } from '@lapidary/contracts/provisioner-protocol';
import { randomUUID } from 'node:crypto';
import type { PolicyResource } from '../policy/policy-rule.js';
import { Checkpoints } from './checkpoints.js';
import { CloudFailure } from './cloud-failure.js';
import { engineError, EngineError } from './engine-error.js';
import type { EventStream } from './event-stream.js';
import { policyRefusal } from './gate.js';
import type { PolicyGuard } from './policy-guard.js';
import type { ProviderRegistry } from './provider-registry.js';
import type { PropertyMap } from './property-values.js';
import type { SecretScrubber } from './secret-scrubber.js';
import type { StackStore } from './stack-store.js';
import type { PendingOperation, ResourceState, StackState } from './state-model.js';

export interface DeploymentParts {
  readonly stack: string;
  readonly state: StackState;
  readonly file: StackStore;
  readonly providers: ProviderRegistry;
  readonly events: EventStream;
  readonly scrubber: SecretScrubber;
  /** A preview: nothing is asked of providers that changes anything, nothing is written. */
  readonly dryRun: boolean;
  readonly policies?: PolicyGuard | undefined;
  /** URNs; where there are any, all else stays as it is. */
  readonly targets: ReadonlySet<string>;
}

/**
 * One run over one stack: the state, what the program has registered so far, and the write-ahead rule that keeps I8. All
 * changes of the state go through here, so there is one place that checkpoints.
 */
export class Deployment {
  readonly registered = new Set<string>();
  readonly changes: Record<string, number> = {};
  private readonly judged: PolicyResource[] = [];
  private readonly checkpoints: Checkpoints;
  private readonly inFlight = new Set<Promise<unknown>>();
  private readonly halt = Promise.withResolvers<void>();
  private reason: EngineError | undefined;

  constructor(readonly parts: DeploymentParts) {
    this.checkpoints = new Checkpoints(parts.file, () => parts.state);
  }

  get state(): StackState {
    return this.parts.state;
  }

  /** Resolves when the run must end early. */
  get halted(): Promise<void> {
    return this.halt.promise;
  }

  get failure(): EngineError | undefined {
    return this.reason;
  }

  /** The first reason counts; no further step starts, those under way finish and are saved. */
  stop(reason: EngineError): void {
    this.reason ??= reason;
    this.halt.resolve();
  }

  isMeant(urn: string): boolean {
    const { targets } = this.parts;
    return targets.size === 0 || targets.has(urn);
  }

  throwIfStopped(): void {
    if (this.reason !== undefined) throw this.reason;
  }

  /** Keeps the run open until the step has been saved, whatever becomes of the program meanwhile. */
  async track<T>(step: () => Promise<T>): Promise<T> {
    const running = step();
    this.inFlight.add(running);
    try {
      return await running;
    } finally {
      this.inFlight.delete(running);
    }
  }

  async settle(): Promise<void> {
    while (this.inFlight.size > 0) await Promise.allSettled(this.inFlight);
  }

  /** Before a provider is asked: a mandatory finding ends the run with nothing made; a plan shows it and goes on. */
  judge(resource: PolicyResource, urn: string): void {
    this.judged.push(resource);
    this.take(this.parts.policies?.judge(resource) ?? [], urn);
  }

  /** After the program has run. */
  judgeStack(): void {
    this.take(this.parts.policies?.judgeStack(this.judged) ?? [], undefined);
  }

  private take(findings: readonly PolicyFinding[], urn: string | undefined): void {
    for (const finding of findings) this.parts.events.policy(finding, urn);
    const refused = findings.filter(({ level }) => level === 'mandatory');
    if (refused.length > 0 && !this.parts.dryRun) throw policyRefusal(refused);
  }

  find(urn: string): ResourceState | undefined {
    return this.state.resources.find((r) => r.urn === urn && !r.condemned);
  }

  pendingOn(urn: string, kind: PendingOperation['kind']): PendingOperation | undefined {
    return this.state.pendingOperations.find((p) => p.urn === urn && p.kind === kind);
  }

  /** Write-ahead: on disk before the provider is asked. A repeated operation keeps its seed. */
  async begin(kind: PendingOperation['kind'], urn: string, id: string, inputs: PropertyMap): Promise<PendingOperation> {
    const before = this.state.pendingOperations.find((p) => p.urn === urn && p.kind === kind && p.id === id);
    const pending: PendingOperation = { kind, urn, id, seed: before?.seed ?? randomUUID(), inputs };
    this.state.pendingOperations = [...this.state.pendingOperations.filter((p) => p !== before), pending];
    await this.save();
    return pending;
  }

  /**
   * The outcome and the end of the pending operation in one write. With it end all others on the same object: an update that
   * was cut off is over once the object is deleted. The create of a replacement has no id yet, and stays.
   */
  async commit(
    pending: PendingOperation | undefined,
    change: (resources: readonly ResourceState[]) => readonly ResourceState[],
  ): Promise<void> {
    this.state.resources = [...change(this.state.resources)];
    if (pending !== undefined)
      this.state.pendingOperations = this.state.pendingOperations.filter((p) => p.urn !== pending.urn || p.id !== pending.id);
    await this.save();
  }

  count(op: string): void {
    this.changes[op] = (this.changes[op] ?? 0) + 1;
  }

  async save(): Promise<void> {
    if (!this.parts.dryRun) await this.checkpoints.save();
  }

  /** A provider's refusal in the engine's words: which resource, what, and nothing secret. */
  resourceFailure(type: string, name: string, error: unknown): EngineError {
    if (error instanceof EngineError) return error;
    const text = error instanceof Error ? error.message : String(error);
    return engineError(
      error instanceof CloudFailure ? error.code : 'resource_failed',
      `${type} "${name}": ${this.parts.scrubber.scrub(text)}`,
    );
  }
}

/** Puts `next` where the resource stood, or at the end: the order of the list is the order of registration. */
export const put = (resources: readonly ResourceState[], next: ResourceState): readonly ResourceState[] => {
  const at = resources.findIndex((r) => r.urn === next.urn && !r.condemned);
  return at === -1 ? [...resources, next] : resources.with(at, next);
};
