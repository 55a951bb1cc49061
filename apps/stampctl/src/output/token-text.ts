import { everyRegion, tokenStateAt, type TokenView } from '@lapidary/contracts/api/tokens';
import { ago, humanAge } from './human-time.js';
import type { View } from './output.js';
import { renderFacts, renderTable } from './table.js';

export const rolesText = (token: TokenView): string =>
  token.bindings.map(({ role, region }) => (region === everyRegion ? role : `${role}@${region}`)).join(', ') || 'none';

const stateOf = (token: TokenView, { colours, nowMs }: View): string => {
  const state = tokenStateAt(token, nowMs);
  return { good: colours.green, held: colours.yellow, ended: colours.red, revoked: colours.red }[state](state);
};

const endOf = (token: TokenView, view: View): string => {
  if (token.expiresAt === null) return '-';
  const leftMs = Date.parse(token.expiresAt) - view.nowMs;
  return leftMs > 0 ? `in ${humanAge(leftMs)}` : ago(token.expiresAt, view.nowMs);
};

export const tokensTable = (tokens: readonly TokenView[], view: View): string =>
  renderTable(
    [
      { title: 'TOKEN', cell: (t) => view.colours.bold(t.name) },
      { title: 'STATE', cell: (t) => stateOf(t, view) },
      { title: 'ROLES', cell: rolesText },
      { title: 'ENDS', cell: (t) => endOf(t, view) },
      { title: 'CREATED', cell: (t) => ago(t.createdAt, view.nowMs) },
    ],
    tokens,
    view.wide,
  );

export const tokenFacts = (token: TokenView, secret: string | null, view: View): string =>
  renderFacts([
    ['token', view.colours.bold(token.name)],
    ['state', stateOf(token, view)],
    ['roles', rolesText(token)],
    ['ends', endOf(token, view)],
    ['secret', secret],
  ]);
