import { readFile, rename, writeFile } from 'node:fs/promises';
import { threadId } from 'node:worker_threads';
import { LimitsDocumentSchema, type LimitsDocument } from '@lapidary/contracts/limits';
import { LimitsAnswerSchema, LimitsChangedSchema, type LimitsAnswer } from '@lapidary/contracts/router-protocol';
import { routerLimits, routerLimitsChanged } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import { z } from 'zod';

export interface LimitsSourceOptions {
  readonly region: string;
  readonly link: NatsLink;
  /** Last good copy, for a start without a control plane (I7). */
  readonly file: string;
  readonly limitBy: (document: LimitsDocument) => void;
  readonly logger: Logger;
}

/** A change is told; this is for the one that was not heard. A question costs one row's read. */
const askMs = 5_000;
const answerMs = 2_000;

const CopySchema = z.object({ region: z.string(), version: z.number().int().min(0), document: LimitsDocumentSchema });

/** Keeps the limits that hold: the copy on disk at once, then what the region's control plane says, whenever it is there. */
export class LimitsSource {
  /** null: nobody has been heard yet, the defaults hold. */
  version: number | null = null;
  private readonly stops: (() => void)[] = [];
  private asking: Promise<void> | null = null;
  private again = false;

  constructor(private readonly options: LimitsSourceOptions) {}

  async loadCopy(): Promise<void> {
    const { file, region, limitBy, logger } = this.options;
    try {
      const copy = CopySchema.parse(JSON.parse(await readFile(file, 'utf8')));
      if (copy.region !== region) throw new Error(`it is of region ${copy.region}`);
      limitBy(copy.document);
      this.version = copy.version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      logger.error({ err: error, file }, 'the copy of the limits on disk is refused; the defaults hold until the control plane is heard');
    }
  }

  start(): void {
    const { link, region } = this.options;
    const timer = setInterval(() => this.ask(), askMs);
    this.stops.push(
      () => clearInterval(timer),
      link.onConnected(() => this.ask()),
      link.subscribeJson(routerLimitsChanged(region), LimitsChangedSchema, () => this.ask()),
    );
  }

  async stop(): Promise<void> {
    for (const stop of this.stops) stop();
    await this.asking;
  }

  /** One question at a time; what comes in the meantime asks once more. */
  private ask(): void {
    if (!this.options.link.isConnected) return;
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = this.askOnce().finally(() => {
      this.asking = null;
      if (!this.again) return;
      this.again = false;
      this.ask();
    });
  }

  private async askOnce(): Promise<void> {
    const { link, region, logger } = this.options;
    try {
      await this.take(await link.requestJson(routerLimits(region), { version: this.version }, LimitsAnswerSchema, answerMs));
    } catch (error) {
      logger.debug({ err: error }, 'the control plane does not tell the limits; those that are held go on');
    }
  }

  private async take({ version, document }: LimitsAnswer): Promise<void> {
    const { limitBy, logger, region, file } = this.options;
    if (document === null) return;
    limitBy(document);
    this.version = version;
    logger.info({ version }, 'new limits hold');
    try {
      // Threads and processes of one router keep the same copy.
      const temporary = `${file}.${process.pid}.${threadId}.new`;
      await writeFile(temporary, JSON.stringify({ region, version, document }));
      await rename(temporary, file);
    } catch (error) {
      logger.error({ err: error, file }, 'the copy of the limits could not be written');
    }
  }
}
