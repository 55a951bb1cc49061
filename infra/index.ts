import { program } from './template/release-entry.js';

/**
 * Program for the real `pulumi` CLI: the same template as the provisioning child runs. Pulumi takes the exports as the
 * stack's outputs. Config keys: infra/template/stamp-inputs.ts.
 */
export const { frontDoors, agentTokenSha256, templateVersion, graphDigest, links } = await program();
