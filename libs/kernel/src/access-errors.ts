import { entry, exitCodes, type CatalogueEntry } from './catalogue-entry.js';

/** Who may ask: credentials that are missing, wrong or not enough. */
export const accessErrors = {
  unauthenticated: entry(
    401,
    exitCodes.auth,
    false,
    'No valid credentials',
    'Send "Authorization: Bearer <token>"; with a local fleet the token is in .lapidary/admin.token.',
  ),
  token_invalid: entry(
    401,
    exitCodes.auth,
    false,
    'The token does not say whose request it is',
    'Send "Authorization: Bearer <token>" with one token of the issuer and audience that the router is told, that has not ended and names its tenant.',
  ),
  tenant_mismatch: entry(
    403,
    exitCodes.auth,
    false,
    'The token is for another tenant than the address',
    'Go to the address of the tenant that the token is for, or get a token for this one.',
  ),
  forbidden: entry(403, exitCodes.auth, false, 'Not allowed', 'Ask for a role that includes this action in this region.'),
} as const satisfies Record<string, CatalogueEntry>;
