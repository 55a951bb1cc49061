import * as pulumi from '@pulumi/pulumi';
import { agentHealthPath, workloadHealthPath } from '@lapidary/contracts/workload';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { profileOf } from '../profiles.js';
import { templateVersion } from '../template-version.js';
import type { LocalFacts } from '../stamp-inputs.js';
import type { LocalData } from './data.js';
import { Process, Secret } from './local-resources.js';
import type { LocalNetwork } from './network.js';

/** 256 bits: not to be guessed however long it lives. */
const tokenBytes = 32;

export interface LocalComputeArgs {
  readonly spec: StampSpec;
  readonly local: LocalFacts;
  readonly natsPassword: pulumi.Output<string>;
  readonly network: LocalNetwork;
  readonly data: LocalData;
}

/** The workload and, in front of it, the stamp agent. Both say which template rendered them, as the tags of AWS resources do. */
export class LocalCompute extends pulumi.ComponentResource {
  readonly agentTokenSha256: pulumi.Output<string>;

  constructor(args: LocalComputeArgs, options: pulumi.ComponentResourceOptions) {
    super('lapidary:stamp:Compute', `${args.spec.name}-compute`, {}, options);
    const token = new Secret(`${args.spec.name}-agent-token`, { bytes: tokenBytes }, { parent: this });
    const storefront = this.storefront(args);
    this.agent(args, token, storefront);
    this.agentTokenSha256 = token.sha256;
    this.registerOutputs();
  }

  private storefront({ spec, network, data }: LocalComputeArgs): Process {
    const name = `${spec.name}-storefront`;
    const env = {
      LAPIDARY_STAMP: spec.name,
      LAPIDARY_TEMPLATE_VERSION: templateVersion,
      LAPIDARY_HTTP_PORT: network.workloadPort,
      LAPIDARY_DATABASE_URL: data.databaseUrl,
      LAPIDARY_WORKLOAD_VERSION: spec.workload.version,
      NODE_OPTIONS: heapOption(spec),
    };
    const readyUrl = pulumi.interpolate`${network.workloadUrl}${workloadHealthPath}`;
    return new Process(name, { name, script: 'apps/storefront/dist/main.js', args: [], env, readyUrl, ownFiles: [] }, { parent: this });
  }

  /** Ready means that it answers, not that it has registered: the control plane learns the token's digest only afterwards. */
  private agent({ spec, local, natsPassword, network }: LocalComputeArgs, token: Secret, storefront: Process): Process {
    const name = `${spec.name}-agent`;
    const holdingsFile = `${local.processDir}/${name}.holdings.json`;
    const env = {
      LAPIDARY_STAMP: spec.name,
      LAPIDARY_TEMPLATE_VERSION: templateVersion,
      LAPIDARY_REGION: spec.region,
      LAPIDARY_AGENT_TOKEN: token.value,
      LAPIDARY_HTTP_PORT: network.frontDoorPort,
      LAPIDARY_WORKLOAD_URL: network.workloadUrl,
      LAPIDARY_NATS_URL: local.natsUrl,
      LAPIDARY_NATS_USER: local.natsUser,
      LAPIDARY_NATS_PASSWORD: natsPassword,
      LAPIDARY_HOLDINGS_FILE: holdingsFile,
      NODE_OPTIONS: heapOption(spec),
    };
    const readyUrl = pulumi.interpolate`${network.frontDoorUrl}${agentHealthPath}`;
    return new Process(
      name,
      { name, script: 'apps/stamp-agent/dist/main.js', args: [], env, readyUrl, ownFiles: [holdingsFile] },
      { parent: this, dependsOn: [storefront] },
    );
  }
}

const heapOption = (spec: StampSpec): string => `--max-old-space-size=${profileOf[spec.profile].local.heapMb}`;
