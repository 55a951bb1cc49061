import { keyText } from '@lapidary/replication/collections/collection-store';
import { dropRemoved, judgeNote, noteRemoved } from '@lapidary/replication/collections/drop-removed';
import { withoutRemoved } from '@lapidary/replication/merge/dropped';
import { factsOf } from '@lapidary/replication/collections/facts';
import { policyFor } from '@lapidary/replication/collections/definitions';
import { appliedIn } from './applied-in.ts';
import { knownOf, type Upkeep } from './sim-upkeep.ts';

/** As drop-fields.ts: what was noted and is known everywhere is dropped, and what was removed since is noted. Every region does it, so that they meet. */
export const dropFields = async ({ region, others, bugs, reached }: Upkeep): Promise<void> => {
  for (const { key } of [...region.database.documents.values()].filter((d) => d.key.kind === 'lww')) {
    await region.inTx(async (tx, database) => {
      if (database.recovery.state !== 'sound') return;
      const text = keyText(key);
      const knowledge = { region: region.name, others, declared: database.declared };
      const note = database.removalNotes.get(text);
      const verdict = note && judgeNote(note, knowledge, knownOf(region.name, database));
      if (verdict === 'stale') reached('note of removed fields stale');
      if (verdict === 'stale' || verdict === 'drop' || (note && bugs.has('drop-unstable'))) database.removalNotes.delete(text);
      const by = { origin: region.name, actor: 'sim', requestId: 'sim' };
      if (note && (verdict === 'drop' || bugs.has('drop-unstable'))) {
        if (bugs.has('drop-untold')) {
          const { stored } = database.documents.get(text)!;
          const state = stored.state.kind === 'lww' ? withoutRemoved(stored.state, note.seen) : null;
          if (state === null) return;
          const { facts } = factsOf({ ...stored, state }, await policyFor(tx, key.collection, key.kind));
          await tx.saveDocument(key, { ...stored, state }, facts, { ...by, event: 'untold', at: '' });
        } else if ((await dropRemoved(tx, key, note, by)) !== null) reached('removed fields dropped');
      }
      const { state } = (await tx.document(key))!;
      const fresh = database.removalNotes.has(text) ? null : noteRemoved(state, knowledge, appliedIn(region.name, database));
      if (fresh) database.removalNotes.set(text, fresh);
    });
  }
};
