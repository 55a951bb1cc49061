import * as pulumi from '@pulumi/pulumi';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { profileOf } from '../profiles.js';
import type { LocalFacts } from '../stamp-inputs.js';
import { Database, Secret } from './local-resources.js';

/** 256 bits: not to be guessed however long it lives. */
const passwordBytes = 32;

export interface LocalDataArgs {
  readonly spec: StampSpec;
  readonly local: LocalFacts;
}

/** The stamp's own database and role on the region's Postgres. */
export class LocalData extends pulumi.ComponentResource {
  readonly databaseUrl: pulumi.Output<string>;
  readonly name: string;

  constructor({ spec, local }: LocalDataArgs, options: pulumi.ComponentResourceOptions) {
    super('lapidary:stamp:Data', `${spec.name}-data`, {}, options);
    const password = new Secret(`${spec.name}-database-password`, { bytes: passwordBytes }, { parent: this });
    const sqlName = `stamp_${spec.name.replaceAll('-', '_')}`;
    const database = new Database(
      `${spec.name}-database`,
      {
        name: sqlName,
        role: sqlName,
        password: password.value,
        connectionLimit: profileOf[spec.profile].local.databaseConnections,
        server: local.postgresServer,
      },
      { parent: this },
    );
    this.name = sqlName;
    this.databaseUrl = database.url;
    this.registerOutputs();
  }
}
