import { AppError } from '@lapidary/kernel/app-error';
import { intentHeader, ifUnreachableHeader, IntentSchema, intentSecondsHeader, type IntentView } from '@lapidary/contracts/api/intents';

/** What a person wants where a command's region cannot be reached (--if-unreachable, --expires-in, --wait-for-region). */
export interface QueueChoice {
  readonly ifUnreachable?: 'queue' | 'refuse';
  readonly expiresInMs?: number;
  readonly waitForRegion?: boolean;
  /** Told when the waiting begins. */
  readonly onQueued?: (intent: IntentView) => void;
}

export const queueHeaders = ({ ifUnreachable, expiresInMs }: QueueChoice): Record<string, string> => ({
  ...(ifUnreachable === undefined ? {} : { [ifUnreachableHeader]: ifUnreachable }),
  ...(expiresInMs === undefined ? {} : { [intentSecondsHeader]: String(Math.round(expiresInMs / 1_000)) }),
});

/** The intent that a command became instead of being executed; null for every other answer. */
export const queuedIntentOf = (response: Pick<Response, 'status' | 'headers'>, text: string): IntentView | null =>
  response.status === 202 && response.headers.has(intentHeader) ? IntentSchema.parse(JSON.parse(text)) : null;

/** For a person who has to know that it is not done; exit code 8. */
export const queuedError = (intent: IntentView): AppError =>
  new AppError(
    'intent_queued',
    `Region ${intent.owner} cannot be reached: queued as intent ${intent.id}, which is executed once when it is heard again; expires ${intent.expiresAt}`,
    {
      details: {
        intent: intent.id,
        state: intent.state,
        expiresAt: intent.expiresAt,
        check: `See "stampctl intents show ${intent.id}"; take it back with "stampctl intents cancel ${intent.id}".`,
      },
    },
  );
