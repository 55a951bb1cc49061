import { createHash } from 'node:crypto';
import pg from 'pg';

/**
 * A pg client that prepares every parameterised statement once per connection. A command sends some twenty short
 * statements, and planning them cost Postgres more than running them. The set of statements is that of the code, so it is
 * bounded. Works through PgBouncer from 1.21 on (max_prepared_statements), also in transaction mode.
 */
export class PreparedClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    // A connection may be cut at any moment, also in those in which neither the pool nor TypeORM listens (while a data source is opened).
    // Who waits for an answer is told by its rejection; without a listener Node would end the process.
    this.on('error', () => undefined);
  }

  // pg's overloads are many; what is passed on is what came in.
  override query(...given: unknown[]): never {
    const [text, values, ...rest] = given;
    const send = super.query.bind(this) as (...args: unknown[]) => never;
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return send(...given);
    return send({ name: nameOf(text), text, values }, ...rest);
  }
}

const names = new Map<string, string>();

/** Postgres cuts names at 63 bytes; 32 hex digits are enough not to meet by chance. */
const nameOf = (text: string): string => {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    names.set(text, name);
  }
  return name;
};

interface PoolOptions extends pg.PoolConfig {
  /** Told of each connection that could not be had; who asked for it is told as well. */
  readonly onNoConnection?: (error: Error) => void;
}

type Connected = (error: Error | undefined, ...rest: unknown[]) => void;

/** What TypeORM takes for the pg module: the same, with pools of such clients. It asks them for connections by callback. */
export const preparingDriver = {
  ...pg,
  Pool: class extends pg.Pool {
    private readonly onNoConnection: (error: Error) => void;

    constructor({ onNoConnection = () => undefined, ...options }: PoolOptions) {
      super({ ...options, Client: PreparedClient });
      this.onNoConnection = onNoConnection;
    }

    override connect(...given: unknown[]): never {
      const [callback, ...rest] = given;
      const connect = super.connect.bind(this) as (...args: unknown[]) => never;
      if (typeof callback !== 'function') return connect(...given);
      const connected: Connected = (error, ...more) => {
        if (error) this.onNoConnection(error);
        (callback as Connected)(error, ...more);
      };
      return connect(connected, ...rest);
    }
  },
};
