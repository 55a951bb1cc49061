import { entry, exitCodes, type CatalogueEntry } from './catalogue-entry.js';
import { provisioningErrors } from './provisioning-errors.js';

export { exitCodes };

/**
 * The one list of everything that can go wrong on purpose. Each code says what kind of failure it is, what the
 * three edges do with it (HTTP status, CLI exit code, message redelivery) and what a person should check.
 * Runbooks in docs/runbooks are titled by these codes.
 */
export const errorCatalogue = {
  invalid_input: entry(
    400,
    exitCodes.usage,
    false,
    'The input is not valid',
    'Compare each listed field with the API reference (/v1/openapi.json).',
  ),
  body_too_large: entry(
    413,
    exitCodes.usage,
    false,
    'The request body is too large',
    'Send less in one request; the limit is in the detail.',
  ),
  spec_invalid: entry(
    422,
    exitCodes.usage,
    false,
    'The stamp spec is not valid',
    'Correct stamps/<name>.yaml at the listed paths; stamps/schema/stamp.schema.json describes every field.',
  ),
  unknown_region: entry(
    422,
    exitCodes.usage,
    false,
    'There is no such region',
    'List the regions with "stampctl regions ls"; a new region is added in stamps/regions.yaml.',
  ),
  residency_conflict: entry(
    422,
    exitCodes.usage,
    false,
    'The residency does not allow the home region',
    'Add the home region or its jurisdiction to "residency", or choose another home region.',
  ),
  idempotency_mismatch: entry(
    422,
    exitCodes.usage,
    false,
    'This idempotency key was used for another request',
    'Use a new Idempotency-Key for a new request.',
  ),
  unauthenticated: entry(
    401,
    exitCodes.auth,
    false,
    'No valid credentials',
    'Send "Authorization: Bearer <token>"; with a local fleet the token is in .lapidary/admin.token.',
  ),
  forbidden: entry(403, exitCodes.auth, false, 'Not allowed', 'Ask for a role that includes this action in this region.'),
  not_found: entry(404, exitCodes.notFound, false, 'There is no such thing', 'Check the name; list what exists with "stampctl <noun> ls".'),
  unknown_tenant: entry(
    404,
    exitCodes.notFound,
    false,
    'No tenant answers to this address',
    'Check the host name, and "stampctl route <host>" for what the router knows.',
  ),
  name_taken: entry(
    409,
    exitCodes.conflict,
    false,
    'The name is taken',
    'Choose another name; names of deleted tenants are not given out again.',
  ),
  job_in_progress: entry(
    409,
    exitCodes.conflict,
    true,
    'A job for this subject is already under way',
    'Watch it with "stampctl jobs watch <id>"; the id is in the detail.',
  ),
  rollout_in_progress: entry(
    409,
    exitCodes.conflict,
    true,
    'A roll-out is under way',
    'One at a time: see "stampctl rollout ls"; let it end, or abort it.',
  ),
  version_skew: entry(
    409,
    exitCodes.conflict,
    false,
    'The fleet would run more than two versions at once',
    'See "stampctl rollout versions"; finish or roll back what was begun, then roll out the next version.',
  ),
  out_of_stock: entry(409, exitCodes.conflict, false, 'Not enough in stock', "Read the item's stock and order less, or restock it."),
  illegal_transition: entry(
    409,
    exitCodes.conflict,
    false,
    'Not possible in the present state',
    'Look at the status first; the state diagram is in docs/reference/states.md.',
  ),
  stamp_not_empty: entry(
    409,
    exitCodes.conflict,
    false,
    'The stamp is not empty',
    'Each thing that remains is listed with how to be rid of it; a stamp is retired only when nothing depends on it any more.',
  ),
  past_no_return: entry(
    409,
    exitCodes.conflict,
    false,
    'Past the point of no return',
    'Let it finish. If it hangs, "stampctl jobs cancel <id> --force" cuts it off where it is, and "stampctl jobs retry <id>" goes on there.',
  ),
  request_in_progress: entry(
    409,
    exitCodes.conflict,
    true,
    'The same request is still being worked on',
    'Repeat it in a moment with the same Idempotency-Key.',
  ),
  version_conflict: entry(
    412,
    exitCodes.conflict,
    false,
    'Somebody else changed it first',
    'Read it again and repeat the change with the new ETag.',
  ),
  misdirected: entry(
    421,
    exitCodes.error,
    true,
    'This stamp does not hold the tenant at that epoch',
    'Nothing to do: the router looks the tenant up again. If it lasts, compare "stampctl route" with "stampctl tenants show".',
  ),
  rate_limited: entry(429, exitCodes.error, true, 'Too many requests', 'Wait for the time in Retry-After.'),
  tenant_pending: entry(
    503,
    exitCodes.error,
    true,
    'The tenant is waiting for room',
    'See "stampctl tenants explain <id>"; add room with "stampctl provision <stamp>".',
  ),
  tenant_suspended: entry(503, exitCodes.error, false, 'The tenant is suspended', 'See "stampctl tenants show <id>" for the reason.'),
  stamp_unavailable: entry(
    503,
    exitCodes.error,
    true,
    'The stamp is not serving',
    'See "stampctl stamps show <name>" and the stamp\'s log.',
  ),
  stamp_bad_answer: entry(
    502,
    exitCodes.error,
    true,
    'The stamp could not be reached or answered badly',
    'See "stampctl stamps show <name>" and the stamp\'s log.',
  ),
  region_unreachable: entry(
    503,
    exitCodes.error,
    true,
    'The region that owns this cannot be reached',
    "Try again when the link is back, or call that region's own API.",
  ),
  not_ready: entry(503, exitCodes.error, true, 'Not ready yet', 'Wait; /readyz says what is missing.'),
  overloaded: entry(503, exitCodes.error, true, 'Too much work at once', 'Try again after the time in Retry-After.'),
  timeout: entry(504, exitCodes.timeout, true, 'It took too long', 'Look at the status again; the work may still finish.'),
  ...provisioningErrors,
  dead_lettered: entry(
    500,
    exitCodes.error,
    false,
    'Given up after several workers were lost over it',
    'Read it with "stampctl jobs dead-letters show <id>", correct the cause, then replay or drop it.',
  ),
  poison_event: entry(
    500,
    exitCodes.error,
    false,
    'An event could not be applied',
    'It is parked in the dead letters; its key is marked and the rest flows.',
  ),
  config_invalid: entry(
    500,
    exitCodes.usage,
    false,
    'The configuration is not valid',
    'Correct the listed variables; docs/reference/config.md describes each.',
  ),
  // Met by the clients themselves (stampctl, console); no server sends them.
  usage: entry(400, exitCodes.usage, false, 'The command was not understood', 'See "stampctl --help".'),
  confirmation_needed: entry(400, exitCodes.usage, false, 'This needs a confirmation', 'Repeat it with --yes where nobody can be asked.'),
  no_context: entry(
    503,
    exitCodes.usage,
    false,
    'No control plane to talk to',
    'Run "npm start" in the checkout, or name one with "stampctl context set <name> --server <url>".',
  ),
  api_unreachable: entry(
    503,
    exitCodes.error,
    true,
    'The control plane cannot be reached',
    'Is it running at that address? "stampctl doctor" looks at each part.',
  ),
  rollout_halted: entry(
    409,
    exitCodes.error,
    false,
    'The roll-out did not reach its end',
    'Read why with "stampctl rollout status <id>"; docs/runbooks/rollout_halted.md says what to do.',
  ),
  bad_answer: entry(
    502,
    exitCodes.error,
    true,
    'The control plane answered something unexpected',
    'Does the address belong to a Lapidary control plane of this version? Compare with "stampctl version".',
  ),
  internal: entry(500, exitCodes.error, true, 'Something broke on our side', 'Look up the request id in the logs.'),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

export const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(errorCatalogue, code);
