import { createHash } from 'node:crypto';
import { getRandomPasswordOutput } from '@pulumi/aws/secretsmanager/getRandomPassword.js';
import { Secret } from '@pulumi/aws/secretsmanager/secret.js';
import { SecretVersion } from '@pulumi/aws/secretsmanager/secretVersion.js';
import * as pulumi from '@pulumi/pulumi';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { named } from './tags.js';

export interface AgentTokenArgs {
  readonly spec: StampSpec;
  readonly keyArn: pulumi.Input<string>;
}

/** 48 characters of 62: some 285 bits. */
const tokenLength = 48;

/** The agent's token, made once and kept in Secrets Manager. */
export class AgentToken extends pulumi.ComponentResource {
  readonly secretArn: pulumi.Output<string>;
  readonly sha256: pulumi.Output<string>;

  constructor({ spec, keyArn }: AgentTokenArgs, options: pulumi.ComponentResourceOptions) {
    super('lapidary:stamp:AgentToken', `${spec.name}-agent-token`, {}, options);
    const tags = named(spec, `${spec.name}-agent-token`);
    const holder = new Secret(
      `${spec.name}-agent-token`,
      { name: `lapidary/${spec.name}/agent-token`, kmsKeyId: keyArn, tags },
      { parent: this },
    );
    const made = getRandomPasswordOutput({ passwordLength: tokenLength, excludePunctuation: true }, { parent: this });
    const secretString = pulumi.secret(made.randomPassword);
    // Every run makes another password; only the first one counts.
    const version = new SecretVersion(
      `${spec.name}-agent-token`,
      { secretId: holder.id, secretString },
      { parent: this, ignoreChanges: ['secretString'], additionalSecretOutputs: ['secretString'] },
    );
    this.secretArn = holder.arn;
    this.sha256 = pulumi.unsecret(
      version.secretString.apply((token) =>
        createHash('sha256')
          .update(token ?? '')
          .digest('hex'),
      ),
    );
    this.registerOutputs();
  }
}
