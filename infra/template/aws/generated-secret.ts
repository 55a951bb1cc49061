import { getRandomPasswordOutput } from '@pulumi/aws/secretsmanager/getRandomPassword.js';
import { Secret } from '@pulumi/aws/secretsmanager/secret.js';
import { SecretVersion } from '@pulumi/aws/secretsmanager/secretVersion.js';
import * as pulumi from '@pulumi/pulumi';
import { componentType, nameOf, tagged, type StackOwner, type StackPlace } from './stack-owner.js';

export interface GeneratedSecretArgs {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  /** `agent-token` */
  readonly what: string;
  readonly keyArn: pulumi.Input<string>;
}

/** 48 characters of 62: some 285 bits. */
const secretLength = 48;

/** A secret that is made once, kept in Secrets Manager, and never shown. */
export class GeneratedSecret extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** Marked as a secret, for the few resources that can't take a reference. */
  readonly value: pulumi.Output<string>;

  constructor({ owner, place, what, keyArn }: GeneratedSecretArgs, options: pulumi.ComponentResourceOptions) {
    const id = nameOf(owner, what);
    super(componentType(owner, 'GeneratedSecret'), id, {}, options);
    const tags = tagged(owner, what);
    const holder = new Secret(
      id,
      { name: `lapidary/${owner.name}/${what}`, kmsKeyId: keyArn, tags },
      { parent: this, protect: !place.unprotected },
    );
    const made = getRandomPasswordOutput({ passwordLength: secretLength, excludePunctuation: true }, { parent: this });
    // Every run makes another one; only the first counts. The letter in front keeps nats-server, which reads a variable as a value of
    // its own syntax, from taking "12e4…" for a number.
    const version = new SecretVersion(
      id,
      { secretId: holder.id, secretString: pulumi.secret(pulumi.interpolate`s${made.randomPassword}`) },
      { parent: this, ignoreChanges: ['secretString'], additionalSecretOutputs: ['secretString'] },
    );
    this.arn = holder.arn;
    this.value = pulumi.secret(version.secretString.apply((text) => text ?? ''));
    this.registerOutputs();
  }
}
