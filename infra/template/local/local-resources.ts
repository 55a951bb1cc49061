import * as pulumi from '@pulumi/pulumi';

/** The resources that infra/engine/local-provider realises, as the template sees them. Package `lapidary`. */

export class Secret extends pulumi.CustomResource {
  declare readonly value: pulumi.Output<string>;
  declare readonly sha256: pulumi.Output<string>;

  constructor(name: string, args: { readonly bytes: number }, options: pulumi.CustomResourceOptions) {
    super(
      'lapidary:local:Secret',
      name,
      { ...args, value: undefined, sha256: undefined },
      { ...options, additionalSecretOutputs: ['value'] },
    );
  }
}

export class Port extends pulumi.CustomResource {
  declare readonly port: pulumi.Output<number>;

  constructor(name: string, args: { readonly purpose: string }, options: pulumi.CustomResourceOptions) {
    super('lapidary:local:Port', name, { ...args, port: undefined }, options);
  }
}

export interface DatabaseArgs {
  readonly name: string;
  readonly role: string;
  readonly password: pulumi.Input<string>;
  readonly connectionLimit: number;
  readonly server: string;
}

export class Database extends pulumi.CustomResource {
  declare readonly url: pulumi.Output<string>;

  constructor(name: string, args: DatabaseArgs, options: pulumi.CustomResourceOptions) {
    super('lapidary:local:Database', name, { ...args, url: undefined }, { ...options, additionalSecretOutputs: ['url'] });
  }
}

export interface ProcessArgs {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, pulumi.Input<string>>>;
  readonly readyUrl: pulumi.Input<string>;
  /** Files that the process keeps for itself. */
  readonly ownFiles: readonly string[];
}

export class Process extends pulumi.CustomResource {
  declare readonly digest: pulumi.Output<string>;

  constructor(name: string, args: ProcessArgs, options: pulumi.CustomResourceOptions) {
    super('lapidary:local:Process', name, { ...args, digest: undefined }, options);
  }
}
