import type { EngineEvent } from '@pulumi/pulumi/automation/events.js';
import { deleteAll, deleteGone, discardLeftovers, finishPendingDeletes } from './deletions.js';
import { Deployment } from './deployment.js';
import { engineError, EngineError } from './engine-error.js';
import { EventStream } from './event-stream.js';
import { secret } from './property-values.js';
import type { PolicyGuard } from './policy-guard.js';
import { ProviderRegistry } from './provider-registry.js';
import { refreshAll } from './refresh.js';
import type { ProviderFactory } from './resource-provider.js';
import { SecretScrubber } from './secret-scrubber.js';
import type { StackStore } from './stack-store.js';
import { StateLock } from './state-lock.js';
import { historyEntriesMax, type StackState } from './state-model.js';

export type OperationKind = 'up' | 'preview' | 'refresh' | 'destroy';

export interface OperationRequest {
  readonly kind: OperationKind;
  readonly dryRun: boolean;
  readonly stack: string;
  readonly project: string;
  readonly file: StackStore;
  readonly locks: string | undefined;
  readonly providers: Readonly<Record<string, ProviderFactory>>;
  readonly policies?: PolicyGuard | undefined;
  /** Runs the program against this run's monitor; only up and preview do. */
  readonly runProgram: (d: Deployment) => Promise<void>;
  readonly eventTarget: string | undefined;
  readonly refreshFirst: boolean;
  readonly expectNoChanges: boolean;
  /** Of an `up`: all else stays as it is, and nothing is made or deleted. Empty, or left out: everything is meant. */
  readonly targets?: readonly string[];
  readonly message: string;
  readonly onOutput?: ((text: string) => void) | undefined;
  readonly observe?: ((event: EngineEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One run of `up`, `preview`, `refresh` or `destroy`: lock, load, work, record, unlock. Returns the text output. */
export const runOperation = async (request: OperationRequest): Promise<string> => {
  // A preview only reads, and the state file is always whole.
  const lock = request.dryRun || request.locks === undefined ? undefined : await StateLock.acquire(request.locks, request.stack);
  try {
    const state = await request.file.load();
    if (state === undefined) throw engineError('unsupported', `no stack named '${request.stack}' found`);
    return await perform(request, state);
  } finally {
    await lock?.release();
  }
};

const perform = async (request: OperationRequest, state: StackState): Promise<string> => {
  const scrubber = scrubberFor(state);
  const events = new EventStream(request.eventTarget, request.dryRun, scrubber, request.onOutput, request.observe);
  const { stack, file, dryRun } = request;
  const d = new Deployment({
    stack,
    state,
    file,
    dryRun,
    events,
    scrubber,
    policies: request.policies,
    providers: new ProviderRegistry(request.providers, state.config),
    targets: new Set(request.targets),
  });
  const cancel = (): void => d.stop(engineError('cancelled', 'the operation was cancelled; what was done is saved'));
  request.signal?.addEventListener('abort', cancel);
  if (request.signal?.aborted === true) cancel();
  const startedAt = new Date();
  const config = Object.fromEntries(Object.entries(state.config).map(([key, entry]) => [key, entry.secret ? '[secret]' : entry.value]));
  events.emit({ preludeEvent: { config } });
  let failure: unknown;
  try {
    await work(request, d);
  } catch (error) {
    failure = error;
    if (d.failure === undefined) events.diagnostic('error', error instanceof Error ? error.message : String(error));
  }
  request.signal?.removeEventListener('abort', cancel);
  await finish(request, d, startedAt, failure === undefined);
  if (failure !== undefined) throw failure instanceof EngineError ? failure : unforeseen(failure, scrubber);
  return events.text;
};

const work = async (request: OperationRequest, d: Deployment): Promise<void> => {
  d.throwIfStopped();
  if (!request.dryRun) await finishPendingDeletes(d);
  if (request.refreshFirst || request.kind === 'refresh') await refreshAll(d);
  if (request.kind === 'up' || request.kind === 'preview') await converge(request, d);
  if (request.kind === 'destroy') await destroy(d);
  if (request.expectNoChanges && Object.keys(d.changes).some((op) => op !== 'same')) {
    throw engineError('changes_found', 'no changes were expected but changes occurred');
  }
};

const converge = async (request: OperationRequest, d: Deployment): Promise<void> => {
  const lost = [...d.parts.targets].find((urn) => d.find(urn) === undefined);
  if (lost !== undefined) throw engineError('unsupported', `Resource "${lost}" could not be found in the stack`);
  await request.runProgram(d);
  if (d.parts.targets.size > 0) return;
  d.judgeStack();
  await deleteGone(d);
  if (!request.dryRun) await discardLeftovers(d);
};

const destroy = async (d: Deployment): Promise<void> => {
  await deleteAll(d, d.state.resources);
  if (d.parts.dryRun) return;
  await discardLeftovers(d);
  d.state.outputs = {};
};

const finish = async (request: OperationRequest, d: Deployment, startedAt: Date, succeeded: boolean): Promise<void> => {
  const endedAt = new Date();
  const durationSeconds = Math.round((endedAt.getTime() - startedAt.getTime()) / 1000);
  d.parts.events.emit({ summaryEvent: { maybeCorrupt: false, durationSeconds, resourceChanges: d.changes, policyPacks: {} } });
  d.parts.events.emit({ cancelEvent: {} });
  await d.parts.events.close();
  if (request.dryRun) return;
  const version = (d.state.history.at(-1)?.version ?? 0) + 1;
  d.state.history.push({
    kind: request.kind === 'up' ? 'update' : request.kind,
    startTime: startedAt.toISOString(),
    endTime: endedAt.toISOString(),
    message: request.message,
    result: succeeded ? 'succeeded' : 'failed',
    version,
    resourceChanges: { ...d.changes },
  });
  d.state.history = d.state.history.slice(-historyEntriesMax);
  await d.save();
};

const scrubberFor = (state: StackState): SecretScrubber => {
  const scrubber = new SecretScrubber();
  for (const { value, secret: hidden } of Object.values(state.config)) if (hidden) scrubber.learn(secret(value));
  for (const r of state.resources) scrubber.learn([r.inputs, r.outputs]);
  return scrubber;
};

/** A fault of the engine itself; still nothing secret in it. */
const unforeseen = (error: unknown, scrubber: SecretScrubber): Error =>
  new Error(scrubber.scrub(error instanceof Error ? error.message : String(error)), { cause: error });
