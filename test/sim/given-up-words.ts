import { isFinal, isVoid, type Decision, type Word } from '@lapidary/replication/given-up';
import type { MemoryDatabase } from './memory-collections.ts';

/** With "recalled": whether something of a document of the lost region waits here (RG8). */
export interface SaidWord extends Word {
  readonly unsettled: boolean;
}
export interface Said {
  readonly decision: Decision;
  readonly word: SaidWord;
}

/** A fact that was said here or told by its region; as keepWord in given-up-rows.ts. */
export const keepWord = (database: MemoryDatabase, own: string, { decision, word }: Said): void => {
  const before = database.givenUp.get(decision.id) ?? { decision, words: [] };
  if (!before.words.some((w) => w.region === word.region && w.answer === word.answer))
    database.givenUp = new Map(database.givenUp).set(decision.id, { decision, words: [...before.words, word] });
  const all = [...database.givenUp.values()].filter((told) => !isVoid(told));
  const agreesHere = all.some(
    (told) =>
      told.decision.region === decision.region && (isFinal(told) || told.words.some((w) => w.region === own && w.answer === 'agrees')),
  );
  if (all.some((told) => told.decision.region === decision.region && isFinal(told)))
    database.fenced = new Set([...database.fenced, decision.region].filter((region) => region !== own));
  if (!agreesHere) database.fenced = new Set([...database.fenced].filter((region) => region !== decision.region));
  database.isGivenUp = all.some((told) => told.decision.region === own);
};
