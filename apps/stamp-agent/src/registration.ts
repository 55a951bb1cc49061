import { setTimeout as sleep } from 'node:timers/promises';
import { RegisterReplySchema, type RegisterReply, type RegisterRequest } from '@lapidary/contracts/agent-protocol';
import { agentRegister } from '@lapidary/contracts/subjects';
import { isAppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { checkTransitions, nextState } from '@lapidary/kernel/transition-table';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { Contact } from './contact.js';
import type { Holder } from './holder.js';
import { registrationTable, servesIn, type RegistrationEvent, type RegistrationState } from './registration-states.js';

/** The control plane writes one row and reads a few thousand. */
const answerMs = 2_000;
/** While a stamp is being provisioned its token is not known yet; soon after it is, the stamp shall serve. */
const retryFirstMs = 200;
const retryMaxMs = 3_000;
/** After a restart the control plane's word is worth a short wait; then the copy on disk serves. */
const graceMs = 1_000;
/** Two live processes of one stamp would fence each other for ever; each fence in a row doubles the pause, up to this. */
const fencedFirstMs = 500;
const fencedMaxMs = 30_000;
/** Registered for this long without a fence: the other process is gone. */
const fencedForgottenMs = 60_000;

export interface Session {
  readonly epoch: number;
  readonly heartbeatMs: number;
  readonly resyncMs: number;
}

export interface RegistrationOptions {
  readonly link: NatsLink;
  readonly region: string;
  readonly holder: Holder;
  readonly contact: Contact;
  readonly logger: Logger;
  readonly request: () => RegisterRequest;
  readonly onState: (state: RegistrationState) => void;
}

/** Registers for as long as the process lives, and holds the state that decides whether the agent serves at all. */
export class Registration {
  private current: RegistrationState = registrationTable.initial;
  private session: Session | null = null;
  private readonly stopping = new AbortController();
  private wake: (() => void) | null = null;
  private fencesInARow = 0;
  private acceptedAtMs = 0;
  private lastComplaint = '';
  private running: Promise<void> | undefined;

  constructor(private readonly options: RegistrationOptions) {
    checkTransitions(registrationTable);
  }

  get state(): RegistrationState {
    return this.current;
  }

  get serves(): boolean {
    return servesIn(this.current);
  }

  /** Where the control plane has accepted this process; null while it hasn't. */
  get accepted(): Session | null {
    return this.current === 'registered' ? this.session : null;
  }

  start(): void {
    this.happen('start');
    const grace = setTimeout(() => this.goAlone(), graceMs);
    this.stopping.signal.addEventListener('abort', () => clearTimeout(grace));
    this.running = this.loop();
  }

  /** An answer said that a newer process has taken over: stop serving at once, then ask to be accepted anew. */
  fence(epoch: number): void {
    if (this.current === 'stopped' || (this.session !== null && this.session.epoch !== epoch)) return;
    this.fenced();
  }

  async stop(): Promise<void> {
    this.happen('stop');
    this.stopping.abort();
    this.wake?.();
    await this.running;
  }

  private async loop(): Promise<void> {
    const { signal } = this.stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const wasFenced = this.current === 'fenced';
      if (await this.attempt()) {
        attempt = -1;
        await this.untilFenced();
        await this.pause(backOffMs(this.fencesInARow, fencedFirstMs, fencedMaxMs));
        continue;
      }
      if (wasFenced) await this.pause(backOffMs(attempt, fencedFirstMs, fencedMaxMs));
      else await this.pauseOrConnect(backOffMs(attempt, retryFirstMs, retryMaxMs));
    }
  }

  /** One question; true when accepted. */
  private async attempt(): Promise<boolean> {
    const { link, region, holder, contact, logger } = this.options;
    const askedAt = contact.now();
    try {
      return await holder.ask(async (question) => {
        const reply = await link.requestJson(agentRegister(region), this.options.request(), RegisterReplySchema, answerMs);
        if (this.stopping.signal.aborted) return false;
        if (!reply.ok) return this.refused(reply);
        contact.answered(askedAt);
        holder.startSession(reply.holdings, question);
        this.session = { epoch: reply.epoch, heartbeatMs: reply.heartbeatMs, resyncMs: reply.resyncMs };
        this.acceptedAtMs = performance.now();
        this.lastComplaint = '';
        this.happen('accepted');
        logger.info({ epoch: reply.epoch, holding: holder.count, asOf: holder.asOf }, 'registered');
        return true;
      });
    } catch (error) {
      this.complain(isAppError(error) ? error.code : String(error));
      return false;
    }
  }

  private refused(reply: Extract<RegisterReply, { ok: false }>): boolean {
    if (reply.code === 'fenced') this.fenced();
    this.complain(reply.code);
    return false;
  }

  private fenced(): void {
    if (performance.now() - this.acceptedAtMs > fencedForgottenMs) this.fencesInARow = 0;
    this.fencesInARow += 1;
    this.session = null;
    this.happen('fenced');
    this.options.holder.clear();
    this.options.logger.error({ inARow: this.fencesInARow }, 'fenced: another process has registered for this stamp; serving nothing');
    this.wake?.();
  }

  private goAlone(): void {
    if (this.current !== 'registering') return;
    this.happen('unanswered');
    this.options.logger.warn({ holding: this.options.holder.count }, 'not accepted in time; serving what the copy on disk says');
  }

  private async untilFenced(): Promise<void> {
    while (this.current === 'registered' && !this.stopping.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.wake = null;
  }

  private happen(event: RegistrationEvent): void {
    const before = this.current;
    this.current = nextState(registrationTable, before, event);
    if (this.current !== before) this.options.onState(this.current);
  }

  /** Once per kind of trouble: an agent may wait for minutes while its stamp is provisioned. */
  private complain(what: string): void {
    const level = what === this.lastComplaint ? 'debug' : 'info';
    this.lastComplaint = what;
    this.options.logger[level]({ code: what }, 'not registered yet');
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  /** As pause, but no longer than until there is a connection to ask over. */
  private async pauseOrConnect(ms: number): Promise<void> {
    const over = new AbortController();
    const stopListening = this.options.link.isConnected ? undefined : this.options.link.onConnected(() => over.abort());
    await sleep(ms, undefined, { signal: AbortSignal.any([this.stopping.signal, over.signal]) }).catch(() => undefined);
    stopListening?.();
  }
}
