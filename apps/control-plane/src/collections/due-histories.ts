/**
 * SQL: bytes of a nested document's history; all else in its row is what it holds. Where a history is so long beside that that another one is to be
 * proposed, `history_due` says so, which a trigger of the table keeps (migration 66, with the reasons for its numbers).
 */
export const historyBytes = 'octet_length(automerge)';
