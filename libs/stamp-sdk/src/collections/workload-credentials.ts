import { WorkloadCredentialsSchema, type WorkloadCredentialsBody } from '@lapidary/contracts/workload-credentials';
import { AppError } from '@lapidary/kernel/app-error';
import { CollectionsClient } from './collections-client.js';

/**
 * What the stamp's agent has handed the workload. Serve `PUT /_lapidary/credentials` with `take`: the agent comes again and again,
 * with a new token before the last one ends and whenever the workload has been started anew.
 */
export class WorkloadCredentials {
  private current: WorkloadCredentialsBody['collections'] | null = null;
  private refused: string | null = null;

  /**
   * Throws invalid_input for what is no such body, and unauthenticated for a token that was refused: answered as 401 it has the agent ask for
   * another one at once, as after a restore of the region’s database, which knows no token that was issued since its backup.
   */
  take(body: unknown): void {
    const parsed = WorkloadCredentialsSchema.safeParse(body);
    if (!parsed.success) throw new AppError('invalid_input', 'These are no credentials', { internal: parsed.error.message });
    if (parsed.data.collections.token === this.refused) throw new AppError('unauthenticated', 'That token was refused');
    this.current = parsed.data.collections;
  }

  /** Documents of one tenant, for one request. Its calls throw not_ready until the agent has come. */
  clientFor(tenant: string, requestId?: string): CollectionsClient {
    return new CollectionsClient({
      url: () => this.held().url,
      token: () => this.held().token,
      onRefused: (token) => void (this.refused = token),
      tenant,
      ...(requestId === undefined ? {} : { requestId }),
    });
  }

  private held(): WorkloadCredentialsBody['collections'] {
    if (this.current === null)
      throw new AppError('not_ready', 'The agent has not handed over a token for collections yet', { retryAfterSeconds: 1 });
    return this.current;
  }
}
