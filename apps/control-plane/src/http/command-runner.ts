import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { inTransaction, sqlStateOf, type Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { Inject, Injectable } from '@nestjs/common';
import { bulkhead, BulkheadRejectedError, type BulkheadPolicy } from 'cockatiel';
import { DataSource } from 'typeorm';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, METRICS } from '../process/tokens.js';
import type { CommandAnswer } from './command-answer.js';
import type { CommandContext } from './command-context.js';
import type { ClaimedIntent } from '../auth/claimed-intent.js';
import { claimIntent, completeIntent } from './intent-claim.js';
import { claimKey, parseIdempotencyKey, requestHash, storeAnswer, type RequestQuery } from './idempotency.js';

/** One writing request, as the edge saw it. Controllers get it by `@Command()` (http/command-decorator.ts). */
export interface CommandRequest {
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  readonly query: RequestQuery;
  /** Whose documents it says it is about, as `askedOf` reads it (collections/asked.ts); '' where it names nobody. */
  readonly tenant: string;
  readonly body: unknown;
  /** The raw Idempotency-Key header. Optional everywhere; without it a repeat is a new request. */
  readonly idempotencyKey: string | undefined;
  /** `token:<name>` */
  readonly actor: string;
  readonly requestId: string;
  readonly reason: string | null;
  /** Set where another region's intent is executed. */
  readonly intent?: ClaimedIntent | null;
}

/** Reads and health checks find a connection even while commands queue (P-BH1). */
const connectionsForReads = 4;
/** At some 100 commands a second this is several seconds of waiting: more would outlive the callers' patience. */
const waitingMax = 1000;
const lockNotAvailable = '55P03';

/** Runs a command with everything that belongs to it in one transaction (I5, I10): idempotency key, change, audit, event, route. */
@Injectable()
export class CommandRunner {
  private readonly compartment: BulkheadPolicy;
  private readonly atOnceMax: number;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(METRICS) private readonly metrics: ControlPlaneMetrics,
  ) {
    this.atOnceMax = Math.max(1, config.LAPIDARY_DATABASE_POOL - connectionsForReads);
    this.compartment = bulkhead(this.atOnceMax, waitingMax);
  }

  /**
   * `work` may run more than once (Postgres may ask for a repeat), so it must not touch the outside. An AppError rolls
   * everything back, the key too: the same key may then be used again with a corrected request. What the request may not do is
   * refused before this is called, for a repeat is answered without `work`; else it is for `runAllowed`.
   */
  async run<T>(request: CommandRequest, work: (tx: Tx, context: CommandContext) => Promise<CommandAnswer<T>>): Promise<CommandAnswer<T>> {
    return await this.runAllowed(request, async () => undefined, work);
  }

  /** `allow` decides by what the transaction sees, anew for each repeat: who may no longer ask is not shown what was answered either. */
  async runAllowed<A, T>(
    request: CommandRequest,
    allow: (tx: Tx) => Promise<A>,
    work: (tx: Tx, context: CommandContext, allowed: A) => Promise<CommandAnswer<T>>,
  ): Promise<CommandAnswer<T>> {
    const key = parseIdempotencyKey(request.idempotencyKey);
    const context: CommandContext = {
      region: this.config.LAPIDARY_REGION,
      actor: request.actor,
      requestId: request.requestId,
      reason: request.reason,
    };
    return await this.inCompartment(() =>
      inTransaction(this.dataSource, async (tx) => {
        const { intent } = request;
        if (intent) await claimIntent(tx, intent, request.actor);
        const allowed = await allow(tx);
        const answer = await (key === null
          ? work(tx, context, allowed)
          : this.once(tx, request, key, (inner) => work(inner, context, allowed)));
        if (intent) await completeIntent(tx, intent, answer);
        return answer;
      }),
    );
  }

  private async once<T>(
    tx: Tx,
    request: CommandRequest,
    key: string,
    work: (tx: Tx) => Promise<CommandAnswer<T>>,
  ): Promise<CommandAnswer<T>> {
    const { actor, tenant, method, path, body, query } = request;
    const idempotent = { principal: actor, tenant, key, hash: requestHash(method, path, body, query) };
    const before = await claimKey(tx, idempotent).catch((error: unknown) => {
      if (sqlStateOf(error) === lockNotAvailable)
        throw new AppError('request_in_progress', undefined, { cause: error, retryAfterSeconds: 1 });
      throw error;
    });
    // What was stored under this key and request hash was answered by this very command.
    if (before) return before as CommandAnswer<T>;
    const answer = await work(tx);
    await storeAnswer(tx, idempotent, answer);
    return answer;
  }

  private async inCompartment<T>(work: () => Promise<T>): Promise<T> {
    try {
      const running = this.compartment.execute(work);
      this.observe();
      return await running;
    } catch (error) {
      if (error instanceof BulkheadRejectedError) throw new AppError('overloaded', undefined, { retryAfterSeconds: 1 });
      throw error;
    } finally {
      this.observe();
    }
  }

  private observe(): void {
    this.metrics.lapidary_commands_waiting.set(waitingMax - this.compartment.queueSlots);
    this.metrics.lapidary_commands_running.set(this.atOnceMax - this.compartment.executionSlots);
  }
}
