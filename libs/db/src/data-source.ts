import { DataSource, type EntitySchema, type MixedList, type MigrationInterface } from 'typeorm';
import { databaseRefusal, RefusalLogger, type OnRefusal } from './database-refusal.js';
import { preparingDriver } from './prepared-client.js';

/* oxlint-disable-next-line typescript/no-unsafe-function-type -- TypeORM's own type for entity classes */
type Entities = MixedList<Function | string | EntitySchema>;

export interface DataSourceOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly poolSize: number;
  /** Of these so many stay open however long nobody needs them; the others end after ten seconds. None unless told otherwise. */
  readonly keptOpen?: number;
  readonly entities?: Entities;
  readonly migrations?: (new () => MigrationInterface)[];
  /** Told each time that the database is there and refuses whatever it is asked. */
  readonly onRefusal?: OnRefusal;
}

/** Longer than any statement we mean to send; a stuck one must not hold locks for ever. */
const statementTimeoutMs = 15_000;
/** A transaction that nobody ends keeps its row locks, and others wait for them. */
const idleInTransactionTimeoutMs = 10_000;
/** Also how long a caller waits for a free connection of the pool: long enough for a burst, short enough to say "overloaded". */
const connectionTimeoutMs = 8_000;
/** Row locks are held for milliseconds; who waits longer waits for something stuck, and is told so. */
const lockTimeoutMs = 5_000;

/** A TypeORM data source over one pg pool. Connect with `initialize()`, end with `destroy()`. */
export const createDataSource = ({ onRefusal = () => undefined, ...options }: DataSourceOptions): DataSource =>
  new DataSource({
    type: 'postgres',
    driver: preparingDriver,
    url: options.url,
    applicationName: options.applicationName,
    poolSize: options.poolSize,
    connectTimeoutMS: connectionTimeoutMs,
    entities: options.entities ?? [],
    migrations: options.migrations ?? [],
    synchronize: false,
    logger: new RefusalLogger(onRefusal),
    extra: {
      onNoConnection: (error: Error) => {
        const because = databaseRefusal(error);
        if (because !== null) onRefusal(because);
      },
      min: options.keptOpen ?? 0,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
      lock_timeout: lockTimeoutMs,
    },
  });
