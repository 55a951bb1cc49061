import type { Logger } from 'typeorm';
import { sqlStateOf } from './transaction.js';

/** What a database says that is there and does not do what it is asked, whoever asks: by SQLSTATE, in words for whoever is on call. */
const refusals: Readonly<Record<string, string>> = {
  '25006': 'it takes no writes: it is a stand-by, or was set to read only',
  '53100': 'there is no room left on its disk',
  '53200': 'it has no memory left',
  '53300': 'it has no connection left',
  '58030': 'its disk can’t be read or written',
};

/** Null: nothing was wrong with the database itself, or it is not there. */
export const databaseRefusal = (error: unknown): string | null => refusals[sqlStateOf(error) ?? ''] ?? null;

export type OnRefusal = (because: string) => void;

/** Hears of every statement that failed, whoever dealt with it. */
export class RefusalLogger implements Logger {
  constructor(private readonly onRefusal: OnRefusal) {}

  logQueryError(error: string | Error): void {
    const because = databaseRefusal(error);
    if (because !== null) this.onRefusal(because);
  }

  logQuery(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
