import type { HeldPage, RecoveryQuestion } from '@lapidary/contracts/recovery-protocol';

/** Asks one peer what it holds. */
export type AskHeld = (question: Exclude<RecoveryQuestion, { want: 'log' }>) => Promise<HeldPage>;

/** Everything that a peer holds of a kind, page by page. */
export async function* heldPages(ask: AskHeld, want: 'stamps' | 'tenants' | 'definitions' | 'ledger'): AsyncGenerator<readonly unknown[]> {
  for (let after: string | null = ''; after !== null;) {
    const page: HeldPage = await ask({ want, after });
    yield page.items;
    after = page.next;
  }
}
