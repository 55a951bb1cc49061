import { entry, exitCodes, type CatalogueEntry } from './catalogue-entry.js';

/** Part of the catalogue (error-catalogue.ts): what can go wrong when stamps are planned, built, changed and taken down. */
export const provisioningErrors = {
  provision_failed: entry(
    500,
    exitCodes.error,
    true,
    'Provisioning failed',
    'Read the failed step with "stampctl jobs show <id>", then "stampctl jobs retry <id>".',
  ),
  policy_refused: entry(
    422,
    exitCodes.error,
    false,
    'A policy refuses what would be built',
    'Each finding names rule, resource and what is wrong; docs/reference/policies.md says why each rule is there. Nothing was created.',
  ),
  template_unavailable: entry(
    422,
    exitCodes.usage,
    false,
    'That version of the template is not installed',
    'The detail names those that are. Earlier ones are kept in infra/template/releases; a newer one comes with a newer Lapidary.',
  ),
  simulated_cloud: entry(
    422,
    exitCodes.error,
    false,
    'Nothing runs in a simulated cloud',
    'Plans, policies and drift work as they are; to serve tenants use the driver "local", or the pulumi CLI with an account (LAPIDARY_ENGINE=pulumi).',
  ),
  state_key_refused: entry(
    500,
    exitCodes.error,
    false,
    'KMS refuses the key of the engine’s state',
    'The detail says why: rights, a disabled or deleted key, another region. docs/runbooks/state_key_refused.md; nothing was changed.',
  ),
  state_key_unavailable: entry(
    503,
    exitCodes.error,
    true,
    'KMS does not answer for the key of the engine’s state',
    'It is tried again by itself. Look at the network path to KMS (VPC endpoint, proxy) and at its request quota.',
  ),
  approval_needed: entry(
    409,
    exitCodes.conflict,
    false,
    'Data would be lost without an approval',
    'Each named resource holds data that its replacement or deletion loses; repeat with --approve-replace <name> for each, or change the spec back.',
  ),
  plan_failed: entry(
    500,
    exitCodes.error,
    true,
    'The plan could not be made',
    'Read the detail: the template, the state or the cloud refused. Nothing was changed.',
  ),
  retire_incomplete: entry(
    500,
    exitCodes.error,
    true,
    'Something of a retired stamp is still there',
    'What is left is listed; see why it could not be removed, then "stampctl jobs retry <id>".',
  ),
} as const satisfies Record<string, CatalogueEntry>;
