import { CredentialsReplySchema, type CredentialsReply } from '@lapidary/contracts/agent-protocol';
import { agentCredentials } from '@lapidary/contracts/subjects';
import { workloadCredentialsPath, type WorkloadCredentialsBody } from '@lapidary/contracts/workload-credentials';
import { isAppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { Registration } from './registration.js';
import { Repeated } from './repeated.js';

const answerMs = 2_000;
/** A workload that was started anew has none; it is told again this often, without having to ask. */
const tellEveryMs = 2_000;
/** A workload that has no use for it (404) is asked again this often: another version may. */
const unwantedMs = 60_000;
const retryMs = 2_000;
/** A token that is younger than this is not asked for anew because it was refused: another one would be refused, too. */
const refusedPauseMs = 5_000;

type Issued = Extract<CredentialsReply, { ok: true }>;

export interface WorkloadCredentialsOptions {
  readonly link: NatsLink;
  readonly region: string;
  readonly stamp: string;
  readonly token: string;
  readonly instanceId: string;
  readonly workloadUrl: string;
  readonly registration: Registration;
  readonly logger: Logger;
  readonly onTold: (outcome: string) => void;
}

/**
 * Keeps the workload in possession of a token for collections: asks the control plane for one as the stamp's present process,
 * for the next one at half its life or once the workload says that it was refused (401), and hands it over where only the agent can (paths below /_lapidary/ never reach the
 * workload from outside). Nothing is written to disk.
 */
export class WorkloadCredentials {
  private issued: Issued | null = null;
  private renewAtMs = 0;
  private issuedAtMs = 0;
  private epoch = 0;
  private readonly keeping = new Repeated(async (signal) => ((await this.renew()) ? this.tell(signal) : retryMs));

  constructor(private readonly options: WorkloadCredentialsOptions) {}

  start(): void {
    this.keeping.start();
  }

  stop(): Promise<void> {
    return this.keeping.stop();
  }

  /** True where there is a token to hand over. One that still holds is handed over while nobody answers. */
  private async renew(): Promise<boolean> {
    const { link, region, stamp, token, instanceId, registration, logger } = this.options;
    const session = registration.accepted;
    if (session === null) return false;
    if (this.issued !== null && this.epoch === session.epoch && performance.now() < this.renewAtMs) return true;
    try {
      const request = { stamp, token, instanceId, epoch: session.epoch };
      const reply = await link.requestJson(agentCredentials(region), request, CredentialsReplySchema, answerMs);
      if (!reply.ok) {
        if (reply.code === 'fenced') registration.fence(session.epoch);
        logger.debug({ code: reply.code }, 'no token for the workload');
      } else {
        this.issued = reply;
        this.epoch = session.epoch;
        this.issuedAtMs = performance.now();
        this.renewAtMs = this.issuedAtMs + reply.lifeMs / 2;
      }
    } catch (error) {
      logger.debug({ code: isAppError(error) ? error.code : 'internal' }, 'no token for the workload');
    }
    return this.issued !== null;
  }

  /** Returns when to tell again. */
  private async tell(stopping: AbortSignal): Promise<number> {
    const { url, token, expiresAt } = this.issued!;
    const body: WorkloadCredentialsBody = { collections: { url, token, expiresAt } };
    try {
      const answer = await fetch(new URL(workloadCredentialsPath, this.options.workloadUrl), {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'manual',
        signal: AbortSignal.any([stopping, AbortSignal.timeout(answerMs)]),
      });
      await answer.body?.cancel();
      this.options.onTold(answer.ok ? 'ok' : String(answer.status));
      // The region does not know the token any more: its database was restored, say.
      if (answer.status === 401 && performance.now() - this.issuedAtMs > refusedPauseMs) this.renewAtMs = 0;
      return answer.status === 404 ? unwantedMs : tellEveryMs;
    } catch {
      this.options.onTold('unreachable');
      return retryMs;
    }
  }
}
