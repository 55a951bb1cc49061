import type { Tx } from '@lapidary/db/transaction';
import { inTransaction } from '@lapidary/db/transaction';
import type { Logger } from '@lapidary/telemetry/logger';
import type { DataSource } from 'typeorm';
import { recordAudit } from '../audit/record-audit.js';
import { systemContext } from '../http/command-context.js';
import { Allowance } from './allowance.js';

/** Nobody may fill the audit by being refused: a hundred rows, and one more in a minute; of one subject one in an hour. */
const rowsMax = 100;
const rowsPerSecond = 1 / 60;
const perSubjectPerSecond = 1 / 3_600;
const subjectsMax = 10_000;

export interface Refusal {
  readonly action: 'access.limited' | 'token.refused';
  /** `address/<address>` or `token/<name>`. */
  readonly subject: string;
  readonly reason: string;
  readonly requestId: string;
  readonly change: Record<string, unknown>;
}

/** Tells the log and the audit of refused credentials, as far as each may be told; who is refused waits for neither. */
export class RefusalBook {
  private readonly rows = new Allowance(rowsMax, rowsPerSecond, 1);
  private readonly subjects = new Allowance(1, perSubjectPerSecond, subjectsMax);

  constructor(
    private readonly dataSource: DataSource,
    private readonly region: string,
    private readonly logger: Logger,
  ) {}

  tell(refusal: Refusal, nowMs: number): void {
    const { action, subject, reason, requestId, change } = refusal;
    if (this.subjects.waitSeconds(subject, nowMs) > 0 || this.rows.waitSeconds('', nowMs) > 0) return;
    this.subjects.take(subject, nowMs);
    this.rows.take('', nowMs);
    this.logger.warn({ action, subject, requestId, ...change }, reason);
    const context = { ...systemContext(this.region, 'access', requestId), reason };
    void inTransaction(this.dataSource, async (tx: Tx) => recordAudit(tx, context, action, subject, change)).catch((error: unknown) =>
      this.logger.warn({ err: error, subject }, 'the audit could not be told of refused credentials'),
    );
  }
}
