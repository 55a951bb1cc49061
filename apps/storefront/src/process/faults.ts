import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@lapidary/kernel/app-error';
import type { Logger } from '@lapidary/telemetry/logger';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

/** A test changes the file and looks at once; asking the file system more often would itself be load. */
const lookMs = 200;
/** Longer than any client waits: more would be a hang, which is another fault. */
const addedLatencyMsMax = 60_000;
/** The tenants' API. Health stays what it is: a fault that health shows would never reach a roll-out's gates. */
const faultyPaths = '/api/';
/** Ten tenths must make a whole in floating point too. */
const rounding = 1e-9;

const FaultSchema = z.strictObject({
  /** Version of the workload that has it; "*": each. */
  version: z.string(),
  /** Left out: in every stamp. */
  stamps: z.array(z.string()).optional(),
  /** Share of the requests that are answered 500. */
  errorShare: z.number().min(0).max(1).default(0),
  addedLatencyMs: z.number().min(0).max(addedLatencyMsMax).default(0),
});
export const FaultsFileSchema = z.array(FaultSchema);
export type Fault = z.infer<typeof FaultSchema>;

/**
 * Faults of a version, for tests of what stops a bad version. There are none without LAPIDARY_FAULTS_FILE, which no
 * template sets: nothing that a client, a spec or a label says can switch one on.
 */
export class Faults {
  private faults: readonly Fault[] = [];
  private mtimeMs = -1;
  private lookedAtMs = 0;
  private owed = 0;

  constructor(
    private readonly file: string,
    private readonly version: string,
    private readonly stamp: string,
    private readonly logger: Logger,
  ) {
    logger.warn({ file, version }, 'faults can be injected: this is a test');
  }

  install(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', async (request) => {
      if (!request.url.startsWith(faultyPaths)) return;
      const { addedLatencyMs, isError } = this.next(Date.now());
      if (addedLatencyMs > 0) await sleep(addedLatencyMs);
      if (isError) throw new AppError('internal', 'An injected fault');
    });
  }

  /** What becomes of the next request. Errors are spread evenly, so that a share is met exactly and not by luck. */
  next(nowMs: number): { readonly addedLatencyMs: number; readonly isError: boolean } {
    this.look(nowMs);
    const mine = this.faults.filter(
      (f) => (f.version === '*' || f.version === this.version) && (f.stamps === undefined || f.stamps.includes(this.stamp)),
    );
    this.owed += Math.max(0, ...mine.map((f) => f.errorShare));
    const isError = this.owed >= 1 - rounding;
    if (isError) this.owed -= 1;
    return { addedLatencyMs: Math.max(0, ...mine.map((f) => f.addedLatencyMs)), isError };
  }

  private look(nowMs: number): void {
    if (nowMs - this.lookedAtMs < lookMs) return;
    this.lookedAtMs = nowMs;
    try {
      const { mtimeMs } = statSync(this.file);
      if (mtimeMs === this.mtimeMs) return;
      this.faults = FaultsFileSchema.parse(JSON.parse(readFileSync(this.file, 'utf8')));
      this.mtimeMs = mtimeMs;
      this.logger.warn({ faults: this.faults }, 'injected faults changed');
    } catch (error) {
      // Not there yet, or half written: what was read last stays until there is something to read.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.faults = [];
    }
  }
}
