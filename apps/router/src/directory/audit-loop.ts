import type { Logger } from '@lapidary/telemetry/logger';
import type { RouterMetrics } from '../metrics.js';
import type { Directory } from './directory.js';
import { auditSlices, type AuditFinding } from './packed/audit.js';

/** A slice takes about a millisecond, so that auditing takes a hundredth of a core; a million tenants take some three minutes. */
const sliceEveryMs = 100;
/** A small directory is not looked at without end. */
const passEveryMs = 10_000;

/**
 * Looks through the table again and again for what the changes to it don't explain: broken memory, or a mistake of ours.
 * The digest of the control plane can't tell, for ours is kept up change by change. What is found is loaded anew.
 */
export class AuditLoop {
  private timer: NodeJS.Timeout | null = null;
  private slices: Iterator<readonly AuditFinding[]> | null = null;
  private audited: object | null = null;
  private found = 0;

  constructor(
    private readonly directory: Directory,
    private readonly metrics: RouterMetrics,
    private readonly logger: Logger,
    private readonly onFound: () => void,
  ) {}

  start(): void {
    this.timer = setTimeout(() => this.step(), sliceEveryMs);
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  private step(): void {
    const passEnded = this.slice();
    this.timer = setTimeout(() => this.step(), passEnded ? passEveryMs : sliceEveryMs);
  }

  /** Whether a pass has ended with it. */
  private slice(): boolean {
    const table = this.directory.current;
    if (!table) return true;
    if (this.audited !== table || !this.slices) {
      this.audited = table;
      this.slices = auditSlices(table);
      this.found = 0;
    }
    const next = this.slices.next();
    if (!next.done) {
      this.tell(next.value);
      return false;
    }
    this.slices = null;
    this.metrics.lapidary_router_directory_audits_total.inc({ outcome: this.found === 0 ? 'sound' : 'unsound' });
    if (this.found === 0) this.metrics.lapidary_router_directory_audited_seconds.set(Date.now() / 1000);
    else this.onFound();
    return true;
  }

  private tell(findings: readonly AuditFinding[]): void {
    for (const finding of findings) {
      this.found += 1;
      this.metrics.lapidary_router_directory_audit_findings_total.inc({ finding });
      this.logger.error({ finding }, 'the directory in memory is not what its changes made of it');
    }
  }
}
